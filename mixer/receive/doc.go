// Package receive turns one party's RTP into 20 ms of audio at every tick.
//
//	p ──► Stream.ReceiveRTP (arrive.go) ──► format by payload type ──► jitter.Buffer
//	                                                                        │ Next: Play, Lost, Wait
//	 every tick                                                             ▼
//	dst ◄── Stream.Pull (pull.go) ◄── queue.go ◄── plc.Concealer ◄── codecs.Decoder (losses: bridge.go), and a
//	                                      ▲              ▲           resample.Resampler where its
//	              jitter.Shorten, Lengthen (stretch.go)  │           rate is not the stream's
//	                                                     └── cn.Generator, silence
//
// A Stream has one user at a time, the shard thread that owns the party: ReceiveRTP for each packet,
// Pull at each tick, with the time of the batch or tick passed in. Neither allocates, locks, reads a
// clock or logs, whatever the network sends. Formats the Set cannot decode, and payload
// types nobody negotiated, are counted and ignored; formats of several sampling rates and RTP clocks may come in turn. Telephone events (RFC 4733) keep their place in
// the order, are counted and are heard as silence.
//
// Limits: one channel; packets up to 120 ms.
package receive
