// Package record writes what is said to a WAV file while it is said, without ever keeping anybody waiting.
//
//	 shard's tick                              Recorder.Run, one goroutine a file
//	Track.Write ─► ring of frames (track.go) ─► align, interleave (recorder.go) ─► file
//	   2 s, full: dropped and counted                                              header anew every second (wav.go)
//
// A Recorder has a Track for each channel. Each belongs to one shard thread at a time, which calls Write with 20 ms at every tick; Write
// takes no lock and does not allocate. Tracks are laid side by side by the time of their ticks; where one has nothing
// there is silence. Stop may be called from anywhere; Info too.
//
// The header says at every second what the file holds, so that a file whose writer was killed plays up to there. A file over 4 GiB
// becomes RF64 (EBU Tech 3306). An error of the disk ends the recording with a reason, and nothing else.
//
// Limits: 16-bit samples at 8, 16, 32 or 48 kHz; up to MostTracks channels; a pause of all tracks longer than a minute is shortened to nothing.
package record
