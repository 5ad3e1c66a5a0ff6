// Package load is the far ends of many calls through a media server: it opens them over the ng protocol, sends and
// receives all their packets from one thread, and measures what the server made of it.
//
//	        ng offer, answer, delete
//	client ──────────────────────────────────────────► server under test
//	ng.go calls.go sdp.go                               │ another process, another core
//	                                                    │
//	Schedule ─► Generator.Run ─► wire.put, flush ──────► its ports
//	schedule.go  step.go play.go  wire_linux.go            │
//	                                                    │
//	Result ◄── Histogram ◄── sink.take ◄── wire.receive ◄──┘
//	           histogram.go  sink.go
//
//	Signal, Churn: the latency of ng requests, and how many calls a second    signal.go
//	SIPCalls: whole SIP calls between stations of the server                 sip_calls.go sip_message.go
//	JoinRooms, Conferences: members of conferences, who all talk              sip_rooms.go conference.go
//	Search: the highest rate that holds                                      knee.go
//	Generator.Burst: how soon streams flow again after one                    burst.go
//
// A Generator belongs to one goroutine, which is best locked to a thread that has a core for itself: the loop never
// sleeps (a sleeping receiver would make the server pay for waking it) and never allocates. What a server sees:
//
//   - Packets of 172 bytes (SRTP 182), each sent on its own when it is due: evenly spread over time, every leg at
//     equal distances. Several go into one system call only when they are due at once. No segmentation offload: it
//     sends trains of one flow, which phones do not.
//   - All legs are at eight ports of ours, as if at eight phones with many lines; the server has a port for each leg.
//
// Delays run from when a packet was due, not from when it was sent, to the kernel's note of its arrival. Packets are
// known again by a stamp in the payload that survives transcoding (stamp.go), and under SRTP by their header, with
// every 64th decrypted and compared. Packets that secure legs send are encrypted before the step.
//
// Limits: loopback, IPv4, G.711, one SRTP suite, 20,000 legs, 60,000 packets a leg and step. Linux.
package load
