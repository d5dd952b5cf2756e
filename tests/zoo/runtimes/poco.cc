#include <Poco/Exception.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <iostream>
int main(int, char **words)
{
    try {
        Poco::Net::StreamSocket s;
        s.connect(Poco::Net::SocketAddress(Poco::Net::SocketAddress::IPv4, words[1], words[2]), Poco::Timespan(std::stoi(words[3]), 0));
        char said[5];
        s.receiveBytes(said, 5);
        std::cout.write(said, 5) << "\n";
    } catch (Poco::Exception &wrong) {
        std::cout << wrong.name() << "\n";
    }
}
