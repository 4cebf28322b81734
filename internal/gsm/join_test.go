package gsm

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestJoin(t *testing.T) {
	ucs2 := func(index, total uint8, octets string) Piece {
		return Piece{index, total, 8, []byte(octets)}
	}
	gsm7 := func(index, total uint8, octets string) Piece {
		return Piece{index, total, 0, []byte(octets)}
	}
	for _, c := range []struct {
		name     string
		pieces   []Piece
		text     string
		complete bool
	}{
		{"none", nil, "", false},
		{"single", []Piece{gsm7(1, 1, "STOP")}, "STOP", true},
		{"in order", []Piece{gsm7(1, 2, "ab"), gsm7(2, 2, "cd")}, "abcd", true},
		{"reversed", []Piece{gsm7(2, 2, "cd"), gsm7(1, 2, "ab")}, "abcd", true},
		{"first missing", []Piece{gsm7(2, 2, "cd")}, "", false},
		{"middle missing", []Piece{gsm7(1, 3, "ab"), gsm7(3, 3, "ef")}, "", false},
		{"repeated", []Piece{gsm7(1, 2, "ab"), gsm7(1, 2, "xx"), gsm7(2, 2, "cd")}, "abcd", true},
		{"repeated but not complete", []Piece{gsm7(1, 2, "ab"), gsm7(1, 2, "ab")}, "", false},
		{"index 0", []Piece{gsm7(1, 2, "ab"), gsm7(0, 2, "xx")}, "", false},
		{"index past the total", []Piece{gsm7(1, 2, "ab"), gsm7(3, 2, "xx")}, "", false},
		{"total 0", []Piece{gsm7(0, 0, "ab")}, "", false},
		{"another total", []Piece{gsm7(1, 2, "ab"), gsm7(2, 3, "xx"), gsm7(2, 2, "cd")}, "abcd", true},
		{"cut surrogates", []Piece{ucs2(1, 2, "\x00a\xd8\x3d"), ucs2(2, 2, "\xde\x00\x00b")}, "a😀b", true},
		{"cut in the middle of a unit", []Piece{ucs2(1, 2, "\x00a\x20"), ucs2(2, 2, "\xac")}, "a€", true},
		{"cut escape", []Piece{gsm7(1, 2, "5\x1b"), gsm7(2, 2, "e!")}, "5€!", true},
		{"two codings", []Piece{gsm7(1, 3, "5\x1be"), ucs2(2, 3, "\x00\xea"), gsm7(3, 3, "\x05")}, "5€êé", true},
	} {
		if text, complete := Join(c.pieces); text != c.text || complete != c.complete {
			t.Errorf("%s: %q %v, want %q %v", c.name, text, complete, c.text, c.complete)
		}
	}
}

func TestJoinUndoesSplit(t *testing.T) {
	var s Splitter
	rapid.Check(t, func(t *rapid.T) {
		text := texts().Draw(t, "text")
		alphabet, parts, err := s.Split(text, alphabets().Draw(t, "want"), Header16)
		if err != nil {
			t.Fatal(err)
		}
		var pieces []Piece
		for i, octets := range parts {
			p := Piece{uint8(i + 1), uint8(len(parts)), alphabet.DataCoding(), octets}
			pieces = append(pieces, p, p)
		}
		seed := rapid.Uint64().Draw(t, "order")
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(pieces), func(i, j int) {
			pieces[i], pieces[j] = pieces[j], pieces[i]
		})
		if got, complete := Join(pieces); !complete || got != text {
			t.Fatalf("%q came back as %q, complete %v", text, got, complete)
		}
		gone := pieces[0].Index
		var rest []Piece
		for _, p := range pieces {
			if p.Index != gone {
				rest = append(rest, p)
			}
		}
		if got, complete := Join(rest); complete || got != "" {
			t.Fatalf("%q without part %d of %d", got, gone, len(parts))
		}
	})
}
