package dtmf

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"sidetone/mixer/moh"
)

// words are what is said, of several languages' sounds.
var words = strings.Fields(`please hold the line while we connect your call to the office on the second floor where somebody will answer
	seven eight nine zero hello yes no maybe tomorrow morning between ten and eleven the invoice number is four two one five thank
	you very much for waiting our opening hours are monday to friday music agency rhythm awful thorough window yellow orange
	singing ringing bell whistle screech beep bye peep cheese she sees these keys free three tree field evening meeting people`)

// speech says random sentences in one voice, at 8 kHz.
func speech(t *testing.T, r *rand.Rand, n int) []int16 {
	t.Helper()
	voices := []string{"en-us+f3", "en-gb+m2", "de+f2", "fr+f4", "es+m4", "it+f5", "en-us+croak", "en+whisper", "sv+f1", "ko+f3"}
	var text strings.Builder
	for i := range 150 {
		text.WriteString(words[r.IntN(len(words))])
		if i%11 == 10 {
			text.WriteString(". ")
		}
		text.WriteByte(' ')
	}
	say := exec.Command("espeak-ng", "-v", voices[n%len(voices)], "-p", fmt.Sprint(20+r.IntN(70)), "-s", fmt.Sprint(130+r.IntN(80)), "--stdout", text.String())
	sox := exec.Command("sox", "-t", "wav", "-", "-r", "8000", "-c", "1", "-b", "16", "-t", "raw", "-", "gain", "-n", "-6", "gain", fmt.Sprint(-r.IntN(20)))
	var err error
	if sox.Stdin, err = say.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := say.Start(); err != nil {
		t.Fatal(err)
	}
	raw, err := sox.Output()
	if err != nil {
		t.Fatalf("sox: %v", err)
	}
	if err := say.Wait(); err != nil {
		t.Fatalf("espeak-ng: %v", err)
	}
	pcm := make([]int16, len(raw)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
	}
	return pcm
}

// Nobody is heard to press keys by speaking: at most 10 an hour; 2 minutes, hours with SIDETONE_SOAK=1.
func TestSpeechIsNoKey(t *testing.T) {
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		if os.Getenv("SIDETONE_PEERS") == "required" {
			t.Fatal(err)
		}
		t.Skip("espeak-ng is not installed (make deps)")
	}
	length := 2 * time.Minute
	if os.Getenv("SIDETONE_SOAK") != "" {
		length = 3 * time.Hour
	}
	r := rand.New(rand.NewPCG(1, 4))
	var spoken time.Duration
	hits := ""
	for n := 0; spoken < length; n++ {
		pcm := speech(t, r, n)
		if len(pcm) < 10*Rate {
			t.Fatalf("only %d samples were said", len(pcm))
		}
		spoken += time.Duration(len(pcm)) * time.Second / Rate
		hits += detect(pcm)
	}
	perHour := float64(len(hits)) / spoken.Hours()
	fmt.Printf("%.1f false keys an hour of speech (%q in %v)\n", perHour, hits, spoken.Round(time.Second))
	if float64(len(hits)) > 10*spoken.Hours()+2 {
		t.Errorf("%.1f false keys an hour: %q", perHour, hits)
	}
}

// The built-in music has no key in it.
func TestMusicIsNoKey(t *testing.T) {
	list, err := moh.NewLibrary(moh.LibraryConfig{}).Playlist(Rate)
	if err != nil {
		t.Fatal(err)
	}
	cursor := list.Cursor()
	pcm := make([]int16, int(list.Duration().Seconds()*Rate)/160*160+160)
	for i := 0; i < len(pcm); i += 160 {
		cursor.Read(pcm[i : i+160])
	}
	fmt.Printf("%d false keys in the built-in music (%v)\n", len(detect(pcm)), list.Duration().Round(time.Second))
	if got := detect(pcm); got != "" {
		t.Errorf("heard %q", got)
	}
}
