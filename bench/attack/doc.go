// Package attack sprays a media server's whole port range with RTP and RTCP that nobody asked for, as somebody does who
// wants to be sent a call's voice (RTP bleed) or to be heard in it (injection).
//
//	Spray.Run, every millisecond ──┬─► sweep   each port in turn, on each a stream that goes on with the next round
//	  one packet of each in turn   ├─► burst   eight packets in sequence to one RTP port, then the next
//	        spray.go               ├─► dwell   a stream at a phone's pace to some ports, then to the next ones
//	                               ├─► guess   any SSRC, sequence number and payload type; short and broken packets
//	                               └─► report  RTCP of every kind to RTP and RTCP ports         strategy.go
//
// All payloads and texts are made of Config.Mark, by which the packets are recognised wherever they turn up. One
// goroutine runs a Spray; Sent may be read by any. Only tests and programs of the bench call it, against servers that
// they run themselves.
//
// Limits: IPv4 or IPv6 by the sockets given; at most 200 packets at once after a pause, what was missed is left out.
package attack
