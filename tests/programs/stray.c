/* stray INTERFACE ADDRESS PORT : watches what comes in at an interface; a line on stdout for each IPv4 and IPv6 packet that
 * is not of a TCP connection to that address and port (a proxy's), and for each mark.
 *
 *     UDP 192.0.2.53:53
 *     mark curl            a datagram to port 9 of the address with "curl"
 *
 * What kernels say among themselves is left out: neighbours, routers and multicast (ICMPv6 types 130 to 136 and 143, IGMP). */
#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netpacket/packet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { MARKS = 9 };

static struct in_addr proxy;
static unsigned proxy_port;

struct packet {
    unsigned protocol, port;
    bool to_proxy;
    char where[INET6_ADDRSTRLEN];
    const unsigned char *rest; /* behind the IP header */
    size_t size;
};

static bool parse_four(struct packet *packet, const unsigned char *bytes, size_t size)
{
    struct ip head;

    if (size < sizeof head)
        return false;
    memcpy(&head, bytes, sizeof head);
    if (head.ip_hl * 4u > size)
        return false;
    packet->protocol = head.ip_p;
    packet->to_proxy = head.ip_dst.s_addr == proxy.s_addr;
    inet_ntop(AF_INET, &head.ip_dst, packet->where, sizeof packet->where);
    packet->rest = bytes + head.ip_hl * 4;
    packet->size = size - head.ip_hl * 4u;
    return true;
}

static bool parse_six(struct packet *packet, const unsigned char *bytes, size_t size)
{
    struct ip6_hdr head;

    if (size < sizeof head)
        return false;
    memcpy(&head, bytes, sizeof head);
    packet->protocol = head.ip6_nxt;
    packet->to_proxy = false;
    inet_ntop(AF_INET6, &head.ip6_dst, packet->where, sizeof packet->where);
    packet->rest = bytes + sizeof head;
    packet->size = size - sizeof head;
    return true;
}

static bool is_chatter(const struct packet *packet)
{
    unsigned type = packet->size > 0 ? packet->rest[0] : 0;

    if (packet->protocol == IPPROTO_HOPOPTS) /* in front of a multicast listener's report */
        return packet->size > 8 && packet->rest[0] == IPPROTO_ICMPV6 && packet->rest[8] >= 130;
    return packet->protocol == IPPROTO_IGMP ||
           (packet->protocol == IPPROTO_ICMPV6 && ((type >= 130 && type <= 136) || type == 143));
}

static void report(struct packet *packet)
{
    bool has_ports = packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP;

    packet->port = has_ports && packet->size >= 4 ? packet->rest[2] * 256u + packet->rest[3] : 0;
    if (packet->to_proxy && packet->protocol == IPPROTO_UDP && packet->port == MARKS && packet->size > 8)
        printf("mark %.*s\n", (int)packet->size - 8, packet->rest + 8);
    else if (packet->to_proxy && packet->protocol == IPPROTO_TCP && packet->port == proxy_port)
        return;
    else if (has_ports)
        printf("%s %s:%u\n", packet->protocol == IPPROTO_TCP ? "TCP" : "UDP", packet->where, packet->port);
    else if (!is_chatter(packet))
        printf("protocol %u %s\n", packet->protocol, packet->where);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) }, from;
    unsigned char bytes[65536];
    struct packet packet;
    socklen_t from_size;
    ssize_t size;
    int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));

    if (argc != 4 || inet_pton(AF_INET, argv[2], &proxy) != 1)
        return 2;
    proxy_port = (unsigned)atoi(argv[3]);
    at.sll_ifindex = (int)if_nametoindex(argv[1]);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0) {
        perror("stray");
        return 1;
    }
    printf("watching\n");
    fflush(stdout);
    while (from_size = sizeof from, (size = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &from_size)) >= 0) {
        bool four = ntohs(from.sll_protocol) == ETH_P_IP, six = ntohs(from.sll_protocol) == ETH_P_IPV6;

        if (from.sll_pkttype != PACKET_OUTGOING && ((four && parse_four(&packet, bytes, (size_t)size)) ||
                                                    (six && parse_six(&packet, bytes, (size_t)size))))
            report(&packet);
    }
    return 1;
}
