import std.socket, std.stdio, std.conv;
void main(string[] words) {
    try {
        auto s = new TcpSocket(getAddress(words[1], words[2].to!ushort)[0].addressFamily == AddressFamily.INET
            ? getAddress(words[1], words[2].to!ushort)[0] : new InternetAddress(words[1], words[2].to!ushort));
        char[5] said;
        s.receive(said);
        writeln(said);
    } catch (SocketOSException wrong)
        writeln(wrong.errorCode);
}
