package prompt

import (
	"strings"
	"testing"
)

// TestPromptsAreWellSpoken: each recording is neither silent nor clipped, and of the length of words.
func TestPromptsAreWellSpoken(t *testing.T) {
	files, err := spoken.ReadDir("spoken")
	if err != nil || len(files) < 50 {
		t.Fatal(len(files), err)
	}
	for _, f := range files {
		pcm, err := Say(strings.TrimSuffix(f.Name(), ".ul"))
		if err != nil {
			t.Error(err)
			continue
		}
		var top int16
		for _, v := range pcm {
			top = max(top, v, -v)
		}
		if len(pcm) < Rate/4 || len(pcm) > 12*Rate || top < 4000 || top > 20000 {
			t.Errorf("%s: %d samples, peak %d", f.Name(), len(pcm), top)
		}
	}
}

func TestSayNamesWhatIsMissing(t *testing.T) {
	one, err := Say("muted")
	if err != nil {
		t.Fatal(err)
	}
	two, err := Say("muted", "nonsense", "muted")
	if err == nil || !strings.Contains(err.Error(), "nonsense") || len(two) != 2*len(one) {
		t.Errorf("%d samples, %v", len(two), err)
	}
}
