// Package udp is one shard's way to the network: packets in batches, in and out, with no allocation.
//
//	          any goroutine                         the shard's thread
//	Network.Open(address) ──► Port ──Attach(slot)──► Conn ──Receive──► []Packet{Slot, Addr = source, Data}
//	Network.Conn() ──────────────────────────────►   Conn ◄───Send──── []Packet{Slot, Addr = destination, Data}
//	                                                 Conn ◄───Wake──── any goroutine
//
//	udp.go          the contract: Network, Port, Conn, Packet, Stats, the errors
//	ports_linux.go, conn_linux.go            Ports, which needs no privilege: a socket for each port, one epoll over them
//	steered_linux.go, steered_conn_linux.go  Steered: one receive socket a shard and family for all ports
//	  steered_attach_linux.go                how a port moves with its packets
//	  steered_send_linux.go                  one raw socket an address
//	  steering_linux.go, program_linux.go    the table port -> shard and the sk_lookup program that reads it (eBPF)
//	  shared_linux.go                        the receive sockets
//	  lobby_linux.go                         where packets wait while their port is on no Conn
//	  raw_linux.go, checksum.go              sending from any port: IP and UDP headers by us
//	  diag_linux.go                          to whom the kernel would give a packet
//	  ephemeral_linux.go                     whether other programs may be given ports of a range
//	poller_linux.go epoll and the eventfd that wakes it
//	mmsg_linux.go   recvmmsg, sendmmsg, epoll_pwait2: all of the package's unsafe
//	*_other.go      the same names where there is no Linux: NewPorts and NewSteered say so
//	udptest/        the contract in memory, on a clock that the test moves
//
// A slot is a small number by which the owner of a Conn knows a local port; a packet carries it and not a
// socket, so that an implementation may read all ports through one socket. A Port belongs to no shard: Detach it from
// one Conn and Attach it to another, and what arrived in between is waiting there. Every Conn method but Wake
// belongs to one thread at a time. A leaf: it imports nothing of ours.
// Limits: datagrams up to MaxDatagram bytes, longer ones are marked Truncated.
package udp
