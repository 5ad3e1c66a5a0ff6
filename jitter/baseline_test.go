package jitter

import "testing"

func TestBaselineFallsAtOnceAndRisesAfterTheWindow(t *testing.T) {
	var b baseline
	b.restart(100, 0)
	if moved := b.observe(40, 10); moved != -60 || b.value != 40 {
		t.Fatalf("moved %d to %d", moved, b.value)
	}
	var rose int64
	for now := int64(20); rose == 0; now += 20 * millisecond {
		if moved := b.observe(70, now); moved != 0 {
			rose = now
		}
		if now > 10*second {
			t.Fatal("never rose")
		}
	}
	if b.value != 70 || rose < 3*second || rose > 5*second {
		t.Errorf("rose to %d after %d ms", b.value, rose/millisecond)
	}
}

func TestBaselineSurvivesASilence(t *testing.T) {
	var b baseline
	b.restart(100, 0)
	b.observe(100, 1)
	if b.observe(150, 60*second); b.value != 100 {
		t.Errorf("after a minute of silence: %d", b.value)
	}
	for now := 60 * second; now < 65*second; now += 20 * millisecond {
		b.observe(150, now)
	}
	if b.value != 150 {
		t.Errorf("5 s later: %d", b.value)
	}
}
