// Package rtp reads and writes RTP and RTCP packets in place, as views over a []byte.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	|V=2|P|X|  CC   |M|     PT      |       SequenceNumber          |  header.go   views and setters
//	|                           Timestamp                           |  serial.go   SeqLess, SeqDiff, TimestampDiff
//	|                             SSRC                              |
//	|                    CSRC x CC, extension if X                  |  valid.go    Valid, HeaderLen, Payload
//	|                            payload                            |
//	|                       padding, count if P                     |
//
//	datagram ──► IsRTCP? ──no──► Valid? ──► PayloadType, SequenceNumber, ... , Payload
//	                └─yes─► ValidRTCP? ──► NextRTCP, NextRTCP, ...       rtcp.go
//
// A leaf: it imports nothing of ours, and anyone may call it from any goroutine. Nothing allocates.
// Valid must have said yes before a view other than IsRTCP is read, and ValidRTCP before NextRTCP's parts
// are trusted; both take any bytes from the network. Sources: RFC 3550, RFC 5761 for telling RTP from RTCP.
package rtp
