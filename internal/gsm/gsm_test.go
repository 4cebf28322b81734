package gsm

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func load(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// texts draws texts of both alphabets, many of them long, with characters of
// two units everywhere.
func texts() *rapid.Generator[string] {
	var gsm7 []rune
	for septet, r := range basic {
		if septet != escape {
			gsm7 = append(gsm7, r)
		}
	}
	for _, r := range extension {
		gsm7 = append(gsm7, r, r, r)
	}
	return rapid.OneOf(
		rapid.StringOfN(rapid.RuneFrom(gsm7), 0, 700, -1),
		rapid.StringOfN(rapid.OneOf(rapid.RuneFrom(gsm7), rapid.RuneFrom([]rune("êçô’😀🎉"))), 0, 400, -1),
		rapid.StringN(0, 200, -1),
	)
}

func alphabets() *rapid.Generator[Alphabet] {
	return rapid.SampledFrom([]Alphabet{GSM7, UCS2})
}

// The tables are those of the standard, written a second time.
func TestAlphabetIsThatOfTheStandard(t *testing.T) {
	file, err := os.Open("testdata/alphabet.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	want := map[rune]string{} // character to its octets
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		switch {
		case fields[0] == "#":
		case fields[0] == "extension":
			want[point(t, fields[2])] = "1B" + fields[1]
		default:
			for low, field := range fields[1:] {
				if field != "--" {
					want[point(t, field)] = fmt.Sprintf("%s%X", fields[0], low)
				}
			}
		}
	}
	if len(want) != 127+10 {
		t.Fatalf("the file has %d characters, want 137", len(want))
	}
	var s Splitter
	for r := rune(0); r <= 0x10ffff; r++ {
		octets, fits := want[r]
		if (code(r) != absent) != fits {
			t.Fatalf("%U: in the alphabet %v, want %v", r, !fits, fits)
		}
		if !fits {
			continue
		}
		_, parts, err := s.Split(string(r), GSM7, Header8)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%X", parts[0]); got != octets || GSM7.width(r) != len(parts[0]) {
			t.Errorf("%U: %s in %d units, want %s", r, got, GSM7.width(r), octets)
		}
		if got := Decode(parts[0], 0); got != string(r) {
			t.Errorf("%s is read as %q, want %q", octets, got, r)
		}
	}
}

func point(t *testing.T, hexadecimal string) rune {
	t.Helper()
	n, err := strconv.ParseUint(hexadecimal, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	return rune(n)
}

func TestDecode(t *testing.T) {
	var cases []struct {
		Name, Hex, Text string
		Coding          byte
	}
	load(t, "decode.json", &cases)
	for _, c := range cases {
		octets, err := hex.DecodeString(c.Hex)
		if err != nil {
			t.Fatal(err)
		}
		if got := Decode(octets, c.Coding); got != c.Text {
			t.Errorf("%s: %q, want %q", c.Name, got, c.Text)
		}
	}
}
