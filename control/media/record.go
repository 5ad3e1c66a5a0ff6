package media

import (
	"encoding/binary"

	"sidetone/codecs"
	"sidetone/mixer"
	"sidetone/mixer/receive"
	"sidetone/mixer/record"
	"sidetone/relay"
	"sidetone/relay/rtp"
)

// Record writes what the leg's phone says to a track, in whatever the leg takes part, until Record(nil) or Close.
func (l *Leg) Record(t *record.Track) error {
	l.ear.track = t
	return l.attend()
}

// RecordRate is the sample rate of the codec that the leg's phone likes best, in Hz.
func (l *Leg) RecordRate() int {
	if k, ok := l.engine.cfg.Set.Find(l.talk().send); ok && k.Kind == codecs.Audio {
		return max(ProgramRate, k.SampleRate)
	}
	return ProgramRate
}

// RoomRecordRate is the sample rate of a room's recording in Hz.
const RoomRecordRate = 16000

// tape is the listener of a room that records it.
type tape struct {
	recorder    *record.Recorder
	participant *mixer.Participant

	// Owned by the shard.
	frame []int16
	last  uint32
	at    int64 // ns
}

// WriteRTP is for mixer.Output: it takes a packet of L16.
//
// hot path: no allocation, lock, clock or log
func (t *tape) WriteRTP(p []byte) {
	payload := p[rtp.HeaderSize:]
	if ts := rtp.Timestamp(p); t.at == 0 {
		t.at, t.last = int64(ptime), ts
	} else {
		t.at += int64(ts-t.last) * 1e9 / RoomRecordRate
		t.last = ts
	}
	n := min(len(payload)/2, len(t.frame))
	for i := range n {
		t.frame[i] = int16(binary.BigEndian.Uint16(payload[2*i:]))
	}
	t.recorder.Track(0).Write(t.at, t.frame[:n])
}

// mute is a voice that says nothing.
type mute struct{}

func (mute) ReceiveRTP([]byte, int64)            {}
func (mute) Pull(_ int64, dst []int16) (on bool) { clear(dst); return false }

// Record writes the room's mix to the recorder's only track, at RoomRecordRate, until Record(nil) or until the last member has
// left, which stops the recorder. ErrEmpty when nobody is in.
func (r *Room) Record(rec *record.Recorder) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.untape()
	if rec == nil {
		return nil
	}
	if len(r.seats) == 0 {
		rec.Stop()
		return ErrEmpty
	}
	t := &tape{recorder: rec, frame: make([]int16, RoomRecordRate/50)}
	var err error
	r.engine.cfg.Relay.Do(r.shard, func(sh *relay.Shard) {
		t.participant, err = r.conf.Add(mixer.ParticipantConfig{
			ID: "recorder", Send: codecs.Format{Name: "L16", ClockRate: RoomRecordRate}, Output: t, Voice: mute{},
		})
		if err == nil && !r.ticking {
			r.ticking = true
			sh.AddTicker(r.conf)
		}
	})
	if err != nil {
		rec.Stop()
		return err
	}
	r.tape = t
	return nil
}

// untape ends the recording. mu is held.
func (r *Room) untape() {
	t := r.tape
	if t == nil {
		return
	}
	r.tape = nil
	r.engine.cfg.Relay.Do(r.shard, func(sh *relay.Shard) {
		r.conf.Remove(t.participant)
		r.rest(sh)
	})
	t.recorder.Stop()
}

// listener is what decodes a leg for its ear.
func (l *Leg) listener(rate int) *receive.Stream {
	return receive.New(receive.Config{Set: l.engine.cfg.Set, Jitter: l.engine.cfg.Jitter, SampleRate: rate, Formats: l.talk().receive})
}
