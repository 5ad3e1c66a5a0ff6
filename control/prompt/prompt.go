package prompt

import (
	"embed"
	"errors"
	"fmt"

	"sidetone/codecs/g711"
)

//go:generate spoken/make.sh

// spoken are the prompts as G.711 mu-law at 8 kHz.
//
//go:embed spoken/*.ul
var spoken embed.FS

// Rate is the sample rate of prompts in Hz.
const Rate = 8000

// pause is between two prompts, in samples.
const pause = Rate / 20

// Say returns the samples of prompts one after the other. With an error, which names those that there are not, it is what there is of them.
func Say(names ...string) ([]int16, error) {
	var pcm []int16
	var failed error
	for _, name := range names {
		b, err := spoken.ReadFile("spoken/" + name + ".ul")
		words := make([]int16, len(b))
		if err == nil {
			_, err = (g711.MuLaw{}).Decode(words, b)
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("prompt %q: %w", name, err))
			continue
		}
		pcm = append(append(pcm, words...), make([]int16, pause)...)
	}
	return pcm, failed
}
