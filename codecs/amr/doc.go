// Package amr packs and unpacks AMR and AMR-WB payloads (RFC 4867) and encodes and decodes them by
// opencore-amr and vo-amrwbenc when the system has them.
//
//	clib.Loader ─► OpenNarrow ─► Library (libopencore-amrnb)                        library.go
//	               OpenWide   ─► Library (libopencore-amrwb, libvo-amrwbenc)
//	                               ├─ NewEncoder(Format) ─► Encoder ─ Encode        encoder.go
//	                               └─ NewDecoder(Format) ─► Decoder ─ Decode, Conceal   decoder.go
//	a=fmtp ─► ParseFormat ─► Format: bandwidth-efficient or octet-aligned, modes    format.go
//	payload ─► Repacker ─► payload of the other packing                             repacker.go
//	payload ◄─► table of contents and frames                                        payload.go, frame.go
//
// Each coder belongs to one goroutine at a time.
//
// An encoder sends the highest mode of the negotiated set, or of what Decoder.Requested says that the other side asks for (CMR), which
// whoever has both gives to Encoder.Follow.
//
// Limits: one channel; no interleaving, robust sorting or CRC (refused by ParseFormat), no DTX when
// encoding; we ask nobody for a mode.
package amr
