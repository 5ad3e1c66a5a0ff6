// Package srtp encrypts and decrypts RTP and RTCP for the relay (RFC 3711, 6188, 7714), and
// agrees on keys in SDP (RFC 4568, SDES).
//
//	  SDP a=crypto ──► ParseOffer ► Select ► Answer    sdes.go, negotiate.go
//	  Offer ► Accept ──► SDP a=crypto      │
//	                                       ▼
//	                                   Key (key.go): profile, master key, salt, MKI
//	                                       │ New, Rekey, Restore
//	                                       ▼
//	SRTP packet ──► Context.UnprotectRTP (context.go: one direction of one leg)
//	                 └► session (session.go: one master key; two while it changes)
//	                     ├► streams.find ► stream (stream.go: ROC, window, per SSRC)
//	                     │   └► candidates / estimate (index.go: 48 bit packet index)
//	                     ├► counterMode (cm.go) = keystream (ctr.go) + mac (hmac.go)
//	                     │  or galois (gcm.go)
//	                     └► window (replay.go), only after authentication ──► RTP packet
//
// ProtectRTP goes the same way with the steps turned round, and RTCP beside both. Before a batch of
// packets, Prefetch (prefetch.go) has the processor fetch what they need of their Contexts.
//
// # Who calls what
//
// Control code parses and writes attributes and makes Keys, from any goroutine. A Context
// belongs to the shard that owns the leg; all its methods are called there, between or
// during batches, and nothing is locked. Packets are told apart as RTP or RTCP by the
// caller. The errors are values made once; the caller counts them by reason.
//
// # Limits
//
// A key serves MaxStreams SSRCs, of which none is forgotten: an SSRC gets its state only by
// an authentic packet, so nobody without the key can use up or push out any. The replay
// window is WindowSize packets. A key is for 2^48 RTP and 2^31 RTCP packets of an SSRC.
// A Context keeps 2.5 kB (GCM 2.4) and allocates for the first packet of an SSRC only; what an
// operation costs is in bench_test.go, beside pion/srtp for scale (about 0.4 of its time): four
// SHA-1 blocks are most of it. The key derivation rate is zero, and media is never unencrypted or unauthenticated,
// except SRTCP that its sender did not encrypt.
package srtp
