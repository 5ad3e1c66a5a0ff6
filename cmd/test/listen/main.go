// Command listen renders what people should hear and look at from time to time: tones, music, prompts, and speech over a network that
// loses packets.
//
//	listen DIR SPEECH.wav
package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"sidetone/codecs"
	"sidetone/control/offline"
	"sidetone/control/prompt"
	"sidetone/mixer/moh"
	"sidetone/mixer/receive"
	"sidetone/mixer/tone"
	"sidetone/relay/rtp"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: listen DIR SPEECH.wav")
		os.Exit(2)
	}
	r := renderer{dir: os.Args[1]}
	r.tones()
	r.music()
	r.prompts()
	r.losses(os.Args[2])
	if r.err != nil {
		fmt.Fprintln(os.Stderr, r.err)
		os.Exit(1)
	}
}

// renderer writes files until something fails.
type renderer struct {
	dir string
	err error
}

func (r *renderer) check(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *renderer) write(name string, rate int, pcm []int16) {
	if r.err != nil {
		return
	}
	w, err := offline.CreateWAV(filepath.Join(r.dir, name+".wav"), rate)
	r.check(err)
	if err == nil {
		r.check(w.Write(pcm))
		r.check(w.Close())
	}
}

// tones are those of some countries, one after the other.
func (r *renderer) tones() {
	for _, country := range []string{"us", "gb", "de", "fr", "jp", "kr"} {
		set, err := tone.Lookup(country)
		r.check(err)
		var pcm []int16
		for _, t := range []struct {
			cadence tone.Cadence
			seconds int
		}{{set.Dial, 2}, {set.Ringback, 8}, {set.Busy, 3}, {set.Congestion, 2}, {set.CallWaiting, 4}, {set.Confirmation, 1}} {
			g, err := tone.NewGenerator(t.cadence, 8000)
			r.check(err)
			if err != nil {
				return
			}
			part := make([]int16, t.seconds*8000+4000) // and a pause
			g.Read(part[:t.seconds*8000])
			const fade = 40 // 5 ms: where it is cut off here is no click of the tone's
			for i := range fade {
				part[t.seconds*8000-1-i] = int16(int(part[t.seconds*8000-1-i]) * i / fade)
			}
			pcm = append(pcm, part...)
		}
		r.write("tones-"+country, 8000, pcm)
	}
}

// music is the built-in music on hold, past its end, to hear that it goes on without a seam.
func (r *renderer) music() {
	list, err := moh.NewLibrary(moh.LibraryConfig{}).Playlist(16000)
	r.check(err)
	if err == nil {
		pcm := make([]int16, int((moh.Melody(16000).Duration()+8*time.Second).Seconds()*16000))
		list.Cursor().Read(pcm)
		r.write("music", 16000, pcm)
	}
}

// prompts are a caller's way through his mailbox.
func (r *renderer) prompts() {
	pcm, err := prompt.Say("greeting-before", "2", "1", "7", "greeting-after", "enter-pin", "wrong-pin", "you-have", "20", "3", "new-messages", "and", "1",
		"saved-message", "first-menu", "message", "1", "from", "2", "1", "8", "message-menu", "deleted", "no-more", "good-bye")
	r.check(err)
	r.write("prompts", prompt.Rate, pcm)
}

// losses is speech of which every tenth packet is lost: with silence in place of it, and with what is made up.
func (r *renderer) losses(speech string) {
	f, err := os.Open(speech)
	r.check(err)
	if err != nil {
		return
	}
	defer f.Close()
	set := codecs.Available(codecs.FindLibraries())
	for _, c := range []struct {
		name   string
		format codecs.Format
	}{
		{"g711", codecs.Format{Name: "PCMU", ClockRate: 8000}}, {"g722", codecs.Format{Name: "G722", ClockRate: 8000}},
		{"amr", codecs.Format{Name: "AMR", ClockRate: 8000}}, {"opus", codecs.Format{Name: "opus", ClockRate: 48000, Channels: 2}},
		{"opus-fec", codecs.Format{Name: "opus", ClockRate: 48000, Channels: 2, Fmtp: "useinbandfec=1;maxaveragebitrate=32000"}},
	} {
		codec, ok := set.Find(c.format)
		if !ok {
			fmt.Fprintf(os.Stderr, "no library has %v: without it\n", c.format)
			continue
		}
		_, err := f.Seek(0, 0)
		r.check(err)
		said, err := moh.Decode(context.Background(), f, codec.SampleRate, 1<<28)
		r.check(err)
		if r.err != nil {
			return
		}
		r.write("loss-"+c.name+"-none", 16000, through(set, codec, said, 0, false))
		r.write("loss-"+c.name+"-silence", 16000, through(set, codec, said, 0.1, true))
		r.write("loss-"+c.name+"-concealed", 16000, through(set, codec, said, 0.1, false))
	}
}

// through gives what a phone would hear. The same packets are lost every time.
func through(set codecs.Set, c codecs.Codec, said []int16, share float64, silence bool) (heard []int16) {
	const rate, frame = 16000, 320
	s := receive.New(receive.Config{Set: set, SampleRate: rate, Formats: map[uint8]codecs.Format{96: c.Format}})
	dice := rand.New(rand.NewPCG(1, 2))
	e, p, n := c.NewEncoder(), make([]byte, 4000), c.SampleRate/50
	lost := make([]bool, len(said)/n)
	out := make([]int16, frame)
	for i := range lost {
		lost[i] = i > 10 && dice.Float64() < share
		rtp.Header{PayloadType: 96, SequenceNumber: uint16(i), Timestamp: uint32(i * c.ClockRate / 50)}.Put(p)
		size := rtp.HeaderSize + e.Encode(p[rtp.HeaderSize:], said[i*n:(i+1)*n])
		now := int64(i) * int64(20*time.Millisecond)
		if !lost[i] || silence {
			s.ReceiveRTP(p[:size], now)
		}
		s.Pull(now+int64(5*time.Millisecond), out)
		heard = append(heard, out...)
	}
	if silence {
		for i := range heard {
			if lost[i/frame] {
				heard[i] = 0
			}
		}
	}
	return heard
}
