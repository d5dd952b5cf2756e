#include <boost/asio.hpp>
#include <iostream>
using boost::asio::ip::tcp;
int main(int, char **words)
{
    boost::asio::io_context loop;
    tcp::socket s(loop);
    tcp::resolver resolver(loop);
    boost::asio::async_connect(s, resolver.resolve(tcp::v4(), words[1], words[2]), [&](boost::system::error_code wrong, tcp::endpoint) {
        char said[5];
        if (wrong)
            std::cout << wrong.message() << "\n";
        else if (boost::asio::read(s, boost::asio::buffer(said)))
            std::cout.write(said, 5) << "\n";
        loop.stop();
    });
    if (!loop.run_for(std::chrono::seconds(std::stoi(words[3]))))
        std::cout << "timed out\n";
}
