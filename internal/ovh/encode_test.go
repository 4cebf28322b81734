package ovh

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func encoded(v any) string {
	e := &encoder{zone: paris}
	encodings{}.of(reflect.TypeOf(v))(e, reflect.ValueOf(v))
	return string(e.out)
}

func TestAnswers(t *testing.T) {
	type pair struct {
		A []string  `json:"a"`
		B *[]string `json:"b"`
		C *pair     `json:"c"` // types may hold themselves
	}
	for _, c := range []struct {
		value any
		want  string
	}{
		{void{}, `null`},
		{[]int64(nil), `[]`},
		{map[string]int64(nil), `{}`},
		{map[string]string{"b": "2", "a": "1"}, `{"a":"1","b":"2"}`},
		{pair{C: &pair{B: &[]string{}}}, `{"a":[],"b":null,"c":{"a":[],"b":[],"c":null}}`},
		{"<a href='x'>&\u2028 \"\\\x01\n\xff", `"<a href='x'>&` + "\u2028" + ` \"\\\u0001\n` + "\ufffd" + `"`},
		{datetime{time.Date(2026, 1, 31, 7, 30, 0, 999, time.UTC)}, `"2026-01-31T08:30:00+01:00"`},
		{datetime{time.Date(2026, 7, 31, 6, 30, 0, 0, time.UTC)}, `"2026-07-31T08:30:00+02:00"`},
		{at(time.Time{}), `null`},
		{at(time.Date(2026, 7, 31, 6, 30, 0, 0, time.UTC)), `"2026-07-31T08:30:00+02:00"`},
		{1987.0, `1987`},
		{0.1, `0.1`},
		{math.NaN(), `null`},
		{struct {
			X any `json:"x"`
		}{[]any{1, "a"}}, `{"x":[1,"a"]}`},
	} {
		if got := encoded(c.value); got != c.want {
			t.Errorf("%#v\ngot  %s\nwant %s", c.value, got, c.want)
		}
	}
}

func TestTextsAndNumbersAreWrittenAsOthersReadThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := struct {
			S string             `json:"s"`
			F float64            `json:"f"`
			M map[string]float64 `json:"m"`
		}{
			S: string(rapid.SliceOf(rapid.Byte()).Draw(t, "s")),
			F: rapid.Float64().Draw(t, "f"),
			M: map[string]float64{rapid.String().Draw(t, "k"): 1},
		}
		got := encoded(v)
		back := v
		back.M = nil
		if err := json.Unmarshal([]byte(got), &back); err != nil {
			t.Fatalf("%v: %s", err, got)
		}
		if back.F != v.F || utf8.ValidString(v.S) && back.S != v.S {
			t.Fatalf("%+v became %+v: %s", v, back, got)
		}
		var b bytes.Buffer
		if err := json.Compact(&b, []byte(got)); err != nil || b.String() != got {
			t.Fatalf("it is not compact: %s", got)
		}
	})
}
