int main(int count, array(string) words) {
    Stdio.File s = Stdio.File();
    if (s->connect(words[1], (int)words[2]))
        write("%s\n", s->read(5));
    else
        write("%s\n", strerror(s->errno()));
}
