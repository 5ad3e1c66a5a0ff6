// Package dtmf knows the keys of a telephone in the three ways they travel: as events in RTP (RFC 4733), in SIP INFO, and as
// two tones in the voice (ITU-T Q.23), and turns each into the others by way of a Press.
//
//	RTP payload ─► ParseEvent ─► Receiver (receiver.go) ─┐       ┌─► Sender (sender.go) ─► RTP payloads
//	INFO body ───────────────────► ParseInfo (info.go) ──┼─► Press ┼─► Press.Info (info.go) ─► INFO body
//	[]int16 ─► Detector (detector.go: band.go) ──────────┘       └─► Tone (tone.go) ─► []int16
//
// A Receiver, Sender, Detector or Tone belongs to one stream and one goroutine; what they do for each packet or frame
// is on the hot path: no allocation, lock, clock or log.
//
// Limits: events 0 to 16 of RFC 4733 (the sixteen keys and hook flash); other events, and the tones of its section 5, are not
// keys. The Detector works at 8 kHz; other rates are resampled before it.
package dtmf
