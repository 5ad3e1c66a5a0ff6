// Package vorbis decodes Vorbis I audio, as it is in Ogg files of music, to one channel.
//
//	identification, comment, set-up packet ─► New ─► Decoder     setup.go: codebooks (codebook.go), floors, residues, mappings, modes
//	                                                  │
//	audio packet ─► bits.go ─► Decoder.Decode         │          decoder.go
//	                             ├─ curve of each channel        floor.go
//	                             ├─ what is left of it           residue.go
//	                             └─ mean of the channels ─► mdct.go ─► window, overlap ─► samples
//
// It is for files that are loaded ahead of time: it allocates, and one goroutine uses a Decoder.
//
// Limits: floor 1, which is all that encoders have written since the format was final; one or two channels; what a set-up packet may
// ask for is bounded. The reference is the Vorbis I specification of Xiph.Org (2020), whose sections the comments name.
package vorbis
