int main(string[] words) {
    var client = new SocketClient();
    client.timeout = int.parse(words[3]);
    client.enable_proxy = false;
    try {
        var s = client.connect_to_host(words[1], (uint16)int.parse(words[2]));
        print("%s\n", new DataInputStream(s.input_stream).read_line());
    } catch (Error wrong) {
        print("%d\n", wrong.code);
    }
    return 0;
}
