package voicemail

import (
	"embed"
	"fmt"

	"sidetone/codecs/g711"
)

//go:generate prompts/make.sh

// spoken are the prompts as G.711 mu-law at 8 kHz.
//
//go:embed prompts/*.ul
var spoken embed.FS

// PromptRate is the sample rate of prompts in Hz.
const PromptRate = 8000

// Prompt returns the samples of a prompt of a Script.
func Prompt(name string) ([]int16, error) {
	b, err := spoken.ReadFile("prompts/" + name + ".ul")
	if err != nil {
		return nil, fmt.Errorf("prompt %q: %w", name, err)
	}
	pcm := make([]int16, len(b))
	if _, err := (g711.MuLaw{}).Decode(pcm, b); err != nil {
		return nil, fmt.Errorf("prompt %q: %w", name, err)
	}
	return pcm, nil
}
