package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sidetone/codecs"
	"sidetone/control/offline"
	"sidetone/jitter"
)

type mixCmd struct {
	Files   []string `arg:"" name:"file" type:"existingfile" help:"A capture (pcap, pcapng) of RTP, or WAV, FLAC, MP3 or Ogg of one party each; several at once confer."`
	Out     string   `short:"o" placeholder:"DIR" default:"." help:"Where to write a WAV for each party: what it would have heard."`
	Rate    int      `placeholder:"HZ" help:"Sampling rate of the mix: 8000, 16000, 32000 or 48000; by default the highest of the codecs in the captures, 48000 without captures."`
	Payload []string `sep:"none" placeholder:"96=opus/48000/2" help:"What a payload type means; by default what the SDP in the capture says, or RFC 3551."`
	From    []string `placeholder:"ADDR" help:"Only streams from this address, or ADDR:PORT, take part."`
	Jitter  string   `enum:"adaptive,fixed" default:"adaptive" help:"Jitter buffer: adaptive or fixed."`
	JSON    bool     `name:"json" help:"Print the summary as one JSON object."`
}

// mixRates are the sampling rates a conference can have.
var mixRates = []int{8000, 16000, 32000, 48000}

// Run is for kong.
func (c *mixCmd) Run(ctx context.Context, o output) error {
	named, err := payloadTypes(c.Payload)
	if err == nil && c.Rate != 0 && !slices.Contains(mixRates, c.Rate) {
		err = fmt.Errorf("sidetone: --rate %d: only %v are mixed", c.Rate, mixRates)
	}
	if err != nil {
		return usageError{err}
	}
	set := codecs.Available(codecs.FindLibraries())
	parties, notes, rate, err := c.read(ctx, set, named)
	if err != nil {
		return usageError{fmt.Errorf("sidetone: %w", err)}
	}
	if err := os.MkdirAll(c.Out, 0o777); err != nil {
		return err
	}
	config := offline.Config{Rate: rate, Set: set}
	if c.Jitter == "fixed" {
		config.Jitter.Mode = jitter.Fixed
	}
	var files []*offline.WAV
	config.Open = func(n int, name string) (offline.Sink, error) {
		f, err := offline.CreateWAV(filepath.Join(c.Out, fmt.Sprintf("%02d-%s.wav", n+1, fileName(name))), rate)
		if err == nil {
			files = append(files, f)
		}
		return f, err
	}
	summary, err := offline.Mix(ctx, parties, config)
	for i, f := range files {
		err = errors.Join(err, f.Close())
		if summary != nil {
			summary.Parties[i].File = f.Name()
		}
	}
	if err != nil {
		return err
	}
	summary.Notes = append(summary.Notes, notes...)
	if !c.JSON {
		_, err = fmt.Fprint(o.out, summary.Text())
		return err
	}
	encoder := json.NewEncoder(o.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(summary)
}

// read finds the parties of all files and the rate of the mix.
func (c *mixCmd) read(ctx context.Context, set codecs.Set, named map[uint8]codecs.Format) (all []offline.Party, notes []offline.Note, rate int, err error) {
	var recordings []string
	for _, name := range c.Files {
		capture, err := readCapture(name)
		switch {
		case errors.Is(err, errNoCapture):
			recordings = append(recordings, name)
			continue
		case err != nil:
			return nil, nil, 0, err
		}
		parties, left, err := capture.Parties(set, named)
		if err != nil {
			return nil, nil, 0, fmt.Errorf("%s: %w", name, err)
		}
		notes = append(notes, left...)
		if capture.Truncated > 0 || capture.Cut {
			notes = append(notes, offline.Note{What: name, Why: fmt.Sprintf("%d packets were not captured whole, and the file is cut off: %v", capture.Truncated, capture.Cut)})
		}
		before := len(all)
		for _, p := range parties {
			if c.takesPart(p.Name) {
				all = append(all, p)
			}
		}
		if len(all) == before {
			return nil, nil, 0, fmt.Errorf("%s: nobody speaks among its %d packets%s", name, capture.Packets, because(left))
		}
	}
	switch rate = c.Rate; {
	case rate != 0:
	case len(all) == 0:
		rate = 48000 // whatever the files have
	default:
		rate = offline.HighestRate(all, set)
	}
	for _, name := range recordings {
		f, err := os.Open(name)
		if err != nil {
			return nil, nil, 0, err
		}
		p, err := offline.ReadAudio(ctx, name, f, rate)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, nil, 0, err
		}
		all = append(all, p)
	}
	return all, notes, rate, nil
}

// because says why the streams that there are do not take part.
func because(left []offline.Note) string {
	if len(left) == 0 {
		return ""
	}
	return ": " + left[0].What + " is " + left[0].Why
}

func (c *mixCmd) takesPart(name string) bool {
	return len(c.From) == 0 || slices.ContainsFunc(c.From, func(from string) bool {
		return name == from || strings.HasPrefix(name, from+":") || strings.HasPrefix(name, "["+from+"]:")
	})
}

var errNoCapture = errors.New("no capture")

// readCapture reads a file if it is a capture.
func readCapture(name string) (*offline.Capture, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	magic := make([]byte, 4)
	if _, err := io.ReadFull(f, magic); err != nil || !offline.IsCapture(magic) {
		return nil, errNoCapture
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	capture, err := offline.ReadCapture(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return capture, nil
}

// payloadTypes reads what --payload says: 96=opus/48000/2.
func payloadTypes(texts []string) (map[uint8]codecs.Format, error) {
	named := map[uint8]codecs.Format{}
	for _, text := range texts {
		number, format, _ := strings.Cut(text, "=")
		pt, err := strconv.ParseUint(number, 10, 7)
		parts := strings.Split(format, "/")
		if err != nil || len(parts) < 2 || len(parts) > 3 || parts[0] == "" {
			return nil, fmt.Errorf("sidetone: --payload %s: write it as 96=opus/48000/2, or 97=G726-32/8000", text)
		}
		f := codecs.Format{Name: parts[0]}
		if f.ClockRate, err = strconv.Atoi(parts[1]); err == nil && len(parts) == 3 {
			f.Channels, err = strconv.Atoi(parts[2])
		}
		if err != nil || f.ClockRate <= 0 || f.Channels < 0 {
			return nil, fmt.Errorf("sidetone: --payload %s: the rate and the channels are to be numbers", text)
		}
		named[uint8(pt)] = f
	}
	return named, nil
}

// fileName makes a party's name fit for a file.
func fileName(name string) string {
	for _, extension := range []string{".wav", ".flac", ".mp3"} {
		name = strings.TrimSuffix(name, extension)
	}
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, filepath.Base(name))
}
