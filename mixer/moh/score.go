package moh

// The built-in melody, "Harbour Light", written for sidetone and free to use with it: sixteen bars
// in G major, a tune over broken chords and a bass. Notes are MIDI numbers (60 is middle C, 69 is A, 440 Hz),
// lengths are quavers; a bar has eight.

const (
	beat    = 720 // ms a crotchet
	quaver  = beat / 2
	bars    = 16
	quavers = 8 // a bar
)

// pitch and length of a note of the tune; pitch 0 is a rest.
type note struct{ pitch, length int }

var tune = [bars][]note{
	{{74, 3}, {71, 1}, {67, 2}, {69, 2}}, // D5  B4 G4 A4
	{{71, 4}, {67, 2}, {64, 2}},          // B4  G4 E4
	{{76, 3}, {74, 1}, {72, 2}, {67, 2}}, // E5  D5 C5 G4
	{{69, 6}, {0, 2}},                    // A4
	{{74, 3}, {71, 1}, {67, 2}, {69, 2}}, // D5  B4 G4 A4
	{{71, 2}, {74, 2}, {78, 4}},          // B4 D5 F#5
	{{76, 3}, {74, 1}, {76, 2}, {79, 2}}, // E5  D5 E5 G5
	{{69, 2}, {72, 2}, {71, 1}, {69, 3}}, // A4 C5 B4 A4
	{{67, 2}, {71, 2}, {76, 4}},          // G4 B4 E5
	{{74, 3}, {71, 1}, {66, 4}},          // D5  B4 F#4
	{{67, 2}, {72, 2}, {76, 2}, {74, 2}}, // G4 C5 E5 D5
	{{74, 4}, {71, 4}},                   // D5 B4
	{{72, 3}, {71, 1}, {69, 2}, {64, 2}}, // C5  B4 A4 E4
	{{67, 2}, {69, 2}, {72, 2}, {75, 2}}, // G4 A4 C5 Eb5
	{{74, 4}, {71, 2}, {67, 2}},          // D5 B4 G4
	{{69, 2}, {72, 2}, {69, 2}, {66, 2}}, // A4 C5 A4 F#4
}

// chords are the broken chords, a quaver a note.
var chords = [bars][quavers]int{
	{59, 62, 66, 62, 67, 66, 62, 59}, // G maj7
	{59, 62, 67, 62, 71, 67, 62, 59}, // E m7
	{55, 59, 64, 59, 67, 64, 59, 55}, // C maj7
	{57, 62, 67, 62, 57, 62, 66, 62}, // D sus4, D
	{59, 62, 66, 62, 67, 66, 62, 59}, // G maj7
	{57, 62, 66, 62, 69, 66, 62, 57}, // B m7
	{55, 59, 64, 59, 67, 64, 59, 55}, // C maj7
	{55, 60, 64, 60, 57, 62, 66, 60}, // A m7, D 7
	{59, 62, 67, 62, 71, 67, 62, 59}, // E m7
	{57, 62, 66, 62, 69, 66, 62, 57}, // B m7
	{55, 59, 64, 59, 67, 64, 59, 55}, // C maj7
	{55, 62, 67, 62, 71, 67, 62, 55}, // G over B
	{55, 60, 64, 60, 67, 64, 60, 55}, // A m7
	{55, 60, 63, 57, 67, 63, 60, 57}, // C m6
	{55, 59, 62, 59, 55, 59, 64, 59}, // G over D, E m7
	{55, 60, 64, 60, 54, 60, 62, 57}, // A m7, D 7
}

// basses are two a bar, half a bar long.
var basses = [bars][2]int{
	{55, 50}, {52, 47}, {48, 55}, {50, 50}, {55, 50}, {47, 54}, {48, 55}, {45, 50},
	{52, 47}, {47, 54}, {48, 52}, {47, 55}, {45, 52}, {48, 51}, {50, 52}, {45, 50},
}
