package legacy

import (
	"html"
	"strings"
)

// htmlText gives the text of a page of HTML, as mail programs make them. It is a reader of tags, not a browser: what cannot be
// seen in most of them is left out.
func htmlText(page string) string {
	var t pageText
	for page != "" {
		at := strings.IndexByte(page, '<')
		if at < 0 {
			break
		}
		t.words(page[:at])
		page = page[at:]
		if rest, ok := strings.CutPrefix(page, "<!--"); ok {
			_, page, _ = strings.Cut(rest, "-->")
			continue
		}
		end := strings.IndexByte(page, '>')
		if !isTag(page) || end < 0 { // a sign "less than"
			t.words("<")
			page = page[1:]
			continue
		}
		name := tagName(page[1:end])
		page = page[end+1:]
		if hidden[name] {
			page = after(page, "</"+name)
			continue
		}
		t.tag(name)
	}
	t.words(page)
	return t.b.String()
}

// isTag tells whether what begins with < can be a tag.
func isTag(s string) bool {
	return len(s) > 1 && (s[1] == '/' || s[1] == '!' || s[1] == '?' || s[1]|0x20 >= 'a' && s[1]|0x20 <= 'z')
}

// tagName gives the name in lower case; that of a closing tag begins with a slash.
func tagName(inside string) string {
	end := strings.IndexAny(inside, " \t\r\n")
	if end < 0 {
		end = len(inside)
	}
	if name := strings.TrimSuffix(inside[:end], "/"); name != "" {
		return strings.ToLower(name)
	}
	return inside[:end]
}

// hidden elements have text that nobody sees.
var hidden = map[string]bool{"style": true, "script": true, "title": true, "head": true, "template": true}

// after gives what follows an element's closing tag, nothing if it is not closed.
func after(page, closing string) string {
	at := indexFold(page, closing)
	if at < 0 {
		return ""
	}
	_, rest, _ := strings.Cut(page[at:], ">")
	return rest
}

// indexFold finds ASCII letters of either case.
func indexFold(s, lower string) int {
	for i := 0; i+len(lower) <= len(s); i++ {
		if s[i] == '<' && strings.EqualFold(s[i:i+len(lower)], lower) {
			return i
		}
	}
	return -1
}

// blocks stand on lines of their own.
var blocks = map[string]bool{
	"p": true, "div": true, "tr": true, "table": true, "li": true, "ul": true, "ol": true, "h1": true, "h2": true, "h3": true, "h4": true,
	"h5": true, "h6": true, "blockquote": true, "pre": true, "hr": true, "section": true, "article": true, "center": true,
}

// pageText collects words.
type pageText struct {
	b     strings.Builder
	line  bool // the line has something
	blank bool // and a blank after it
}

func (t *pageText) tag(name string) {
	name = strings.TrimPrefix(name, "/")
	switch {
	case name == "br":
		t.end()
	case name == "td" || name == "th":
		t.blank = t.line
	case blocks[name] && t.line:
		t.end()
	}
}

func (t *pageText) end() {
	t.b.WriteByte('\n')
	t.line, t.blank = false, false
}

// words adds text; any number of blanks and line breaks is one blank, but for those that do not break.
func (t *pageText) words(s string) {
	for _, r := range html.UnescapeString(s) {
		switch r {
		case ' ', '\t', '\r', '\n', '\f':
			t.blank = t.line
			continue
		case '\u00ad', '\u200b', '\ufeff': // they show nothing
			continue
		case '\u00a0':
			r = ' '
		}
		if t.blank {
			t.b.WriteByte(' ')
		}
		t.b.WriteRune(r)
		t.line, t.blank = true, false
	}
}
