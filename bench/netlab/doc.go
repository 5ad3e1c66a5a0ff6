// Package netlab makes real networks for tests out of Linux network namespaces: hosts, switches, NATs and taps.
//
//	Lab ── Switch street: a bridge                                                    lab_linux.go
//	        ├── Host server   203.0.113.1        Start(program), DialContext          host_linux.go
//	        ├── Host phones   203.0.113.100 ...  Do(open sockets), Tap(see)           tap_linux.go
//	        ├── Host attacker 203.0.113.66
//	        └── NAT 203.0.113.2: MASQUERADE --random, Rebind, Forget                  nat_linux.go
//	             └── Switch home
//	                  └── Host cottage 192.168.7.10 ...
//
// A namespace is a descriptor of this process and has no name in the system, so that nothing of a lab outlives the
// process, however it dies, and labs of several processes cannot meet. Its links lead to other namespaces of the lab
// only: the machine's own network is neither seen nor touched. A socket belongs to the network of the thread that
// opened it; Do opens sockets inside, and any goroutine may use them.
//
// Overruns and Host.Drops (overrun_linux.go) tell a slow machine from a slow program.
//
// Here (here_linux.go) says whether the calling test may make namespaces; for a user who may not it runs the test again in a user
// namespace. Only tests and programs of the bench call this package, from any goroutine.
//
// Limits: Linux with ip (iproute2) and iptables; IPv4; a switch has no loops.
package netlab
