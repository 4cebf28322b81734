package web

import (
	_ "embed"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"
)

// languages that the pages are written in; the first is for everybody else.
var languages = []string{"en", "fr"}

//go:embed words.toml
var wordsFile []byte

// words are the texts of the pages, by key, in the order of the languages.
var words = sync.OnceValue(func() map[string][]string {
	var file struct{ Words map[string][]string }
	if err := toml.Unmarshal(wordsFile, &file); err != nil {
		panic(err) // a mistake in the program
	}
	return file.Words
})

// say gives a text in a language, with its blanks filled in. It panics when there is none, which is a mistake in the program.
func say(lang, key string, args ...any) string {
	texts := words()[key]
	if len(texts) != len(languages) {
		panic("no words for " + key)
	}
	text := texts[slices.Index(languages, lang)]
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

func otherThan(lang string) string {
	if lang == languages[0] {
		return languages[1]
	}
	return languages[0]
}

// languageCookie holds the language that somebody has chosen.
const languageCookie = "ramier-lang"

// languageOf gives the language that was chosen, or the first that the browser asks for and the pages have.
func languageOf(r *http.Request) string {
	if c, err := r.Cookie(languageCookie); err == nil && slices.Contains(languages, c.Value) {
		return c.Value
	}
	best, weight := languages[0], 0.0
	header := r.Header.Get("Accept-Language")
	if len(header) > 1000 {
		return best
	}
	for part := range strings.SplitSeq(header, ",") {
		tag, parameters, _ := strings.Cut(strings.TrimSpace(part), ";")
		q := 1.0
		if text, ok := strings.CutPrefix(strings.TrimSpace(parameters), "q="); ok {
			var err error
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		lang, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if q > weight && slices.Contains(languages, lang) {
			best, weight = lang, q
		}
	}
	return best
}

// setLanguage keeps the chosen language for a year and goes back to where it was chosen.
func (v *visit) setLanguage() error {
	lang := v.r.PathValue("lang")
	if !slices.Contains(languages, lang) {
		return errNotFound
	}
	http.SetCookie(v.w, &http.Cookie{
		Name: languageCookie, Value: lang, Path: "/", MaxAge: 365 * 24 * 3600, Secure: v.secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	next := v.r.URL.Query().Get("next")
	if !v.ours(next) {
		next = "/account/"
	}
	return v.to(next)
}
