// Package relay is the data plane: it takes RTP and RTCP in on local port pairs and sends them on, sinks them, or sends
// what sinks and tickers make.
//
//	 control goroutines                        one locked OS thread a shard
//	┌───────────────────┐  mailbox  ┌───────────────────────────────────────────────────────────────┐
//	│ Relay.OpenLegs    ├──────────►│ Shard.pass:                                                   │
//	│ Relay.Apply       │ functions │ Receive ─► accept: slot ─► Leg ─► Latch ─► Route ─┬─► Sink    │
//	│ Leg.SetRoute ...  │           │ (batch), prefetch                                 └─► To ─┐   │
//	│ Relay.Do, Post    │           │ wheel: Ticker, every 20 ms ─► Leg.WriteRTP ───────────────┤   │
//	│                   │◄──────────┤ scan: silence, every second                               ▼   │
//	│ Config.Events     │  Event    │ Send ◄──────────────────────────────────────────────── outbox │
//	└───────────────────┘           └───────────────────────────────────────────────────────────────┘
//
//	  relay.go     Relay: New, Run, Close, Do, Post     shard.go    Shard: the loop and what the thread owns
//	  leg.go       Leg: what control may ask of it      mailbox.go  functions from control to the thread
//	  change.go    several legs at once, in one trip
//	  move.go      a leg to another shard               wheel.go    the 20 ms tick in twenty slots of 1 ms
//	  interface.go addresses and port pairs             window.go   how long packets may gather
//	  flow.go      the way of a packet                  outbox.go   the batch to be sent
//	  route.go     Route, Tap, Editor, Sink, PayloadMap timeout.go  silence
//	  raw.go       media that is not RTP                losses.go   what is missing, late or not played
//	  report.go    RTCP of our own, quality             sockets.go  steered sockets, or one for each port
//	  secure.go    Keys: SRTP on a leg                  renumber.go sources that start again, for SRTP
//	  numbers.go   packets put in, taken out, merged    retell.go   phones' reports about them
//	  silence.go   a phone that sends nothing (DTX), heard where it is transcoded
//	  latch*.go    where a peer's media comes from      stats.go, event.go
//
// A shard's thread is the only writer of its legs; everything else asks it by functions that it runs between
// batches. Leg's and Relay's methods are safe from any goroutine, and wait for the thread: call them neither from an
// Events function nor from a sink or ticker, which run on it. There, Leg.WriteRTP, Shard's methods and Relay.Post serve. Legs
// joined by a route share a shard.
//
// The program should set GOMAXPROCS to its CPUs plus the shards: a shard's thread then always finds a processor when
// packets wake it. Where the process may, a shard's thread has precedence over its other threads (thread_linux.go).
//
// Limits: datagrams up to 2048 bytes; a leg is one port pair and one peer; STUN is counted as malformed. Media that is not RTP
// is passed on and counted, nothing more.
// It imports no codec, mixer, SIP or HTTP; it logs when it starts, when the system refuses a leg and when
// foreign code panics, nothing else.
package relay
