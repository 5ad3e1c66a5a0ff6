// Package quality knows how well RTP arrives: here by its sequence numbers and timestamps, at the peer by its reports, and
// at an ear by the E-model; and it writes reports of our own (RFC 3550; ITU-T G.107, G.113).
//
//	RTP from the peer ──► Receiver (receiver.go) ──► Block: loss, jitter, highest number
//	                        │ missing, late            │
//	                        ▼                          │
//	played or not ──► Losses (losses.go) ─► Reception ─┼─► Metrics (metrics.go): bursts, gaps, R, MOS
//	                                                   ▼      │
//	RTCP from the peer ─► Peer (peer.go) ◄─ Sent ◄──┐  │      ▼
//	                       │  round trip, what it   └─ Report.Put (report.go) ──► SR or RR, SDES, XR, BYE
//	                       │  lost of ours, Metrics of its own
//	                       ▼
//	        loss, jitter, delay ──► Rating, MOS (emodel.go) ──► Samples (samples.go): lowest, highest, mean of a conversation
//
// Receiver, Losses, Peer and Samples belong to the shard of their leg and are fed on its thread with the time of the batch; nothing is
// allocated, locked or read from a clock. Rating and MOS are pure functions for whoever shows them.
//
// Limits: one stream at a time in each direction, the streams before it summed up; report blocks of the four
// latest SSRCs. Of extended reports (RFC 3611, extended.go) times, their echoes and VoIP metrics are read and written.
package quality
