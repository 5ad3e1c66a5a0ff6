package mixer

import "testing"

// What is only read ahead allocates nothing, whoever is in the room and whatever has come.
func TestFetchNoAllocs(t *testing.T) {
	c := room(3)
	out, feed := phones(t, c, 2)
	if _, err := c.Add(ParticipantConfig{Send: l16, Voice: silentVoice{}, Output: out}); err != nil {
		t.Fatal(err)
	}
	for tick := range 5 {
		for _, p := range c.members {
			p.Fetch() // before anything has come, too
		}
		feed(tick)
		c.Tick(int64(tick) * 20e6)
	}
	if n := testing.AllocsPerRun(100, func() {
		c.fetch()
		for _, p := range c.members {
			p.Fetch()
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
