// Package recordings keeps the recordings of calls and rooms: it names their files and runs their writers.
//
//	call.Call ── Keeper.Start ─► mixer/record.Recorder, its Run in a goroutine here ─► DIR/20261122T143005Z-6b025277-1.wav
//	              Recorder.Stop ─► the file is finished
//	Keeper.Run: until the program ends, then every recording is finished
//
// A Keeper may be used from any goroutine. Files are readable by their owner only.
package recordings
