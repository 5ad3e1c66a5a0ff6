package mixer

import (
	"testing"

	"sidetone/codecs"
)

// Who has said something comes back to the shared encoder, at a room's own rate and another. With codecs whose encoders have memory this
// depends on what they heard (see the limits of the package).
func TestEncodersAreSharedAgainAfterTalk(t *testing.T) {
	for _, codec := range codecs.Builtin().Codecs() {
		if codec.Kind != codecs.Audio {
			continue
		}
		t.Run(codec.String(), func(t *testing.T) {
			const ticks = 400
			c := NewConference(ConferenceConfig{Members: 8, Set: codecs.Extended()})
			config := ParticipantConfig{Send: codec.Format, SendPayloadType: 96}
			join(t, c, "talker", talker(8000, ticks*160, -26, 1), 0)
			var all []*party
			for i := range 4 {
				all = append(all, joinAs(t, c, config, noise(uint64(i), 30*160, 3000), 20+10*i))
			}
			run(c, ticks)
			for i, p := range all {
				if p.shared == nil {
					t.Errorf("member %d has an encoder of its own %d ticks after its last word", i, ticks-80)
				}
			}
		})
	}
}
