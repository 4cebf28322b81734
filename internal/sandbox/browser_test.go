package sandbox_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// A browser is a real one, without a window.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// newBrowser starts one with no cookies, in a language.
func newBrowser(t *testing.T, language string) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is missing: run make test, or scripts/install-system")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("accept-lang", language), chromedp.Flag("ignore-certificate-errors", true), chromedp.WSURLReadTimeout(time.Minute))
	ctx, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	ctx, end := chromedp.NewContext(ctx)
	ctx, late := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(func() { late(); end(); stop() })
	b := &browser{t: t, ctx: ctx}
	b.do(chromedp.EmulateViewport(1280, 800))
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	err := chromedp.Do(b.ctx, steps...)
	for range 3 { // what was found has gone with the page before, and nothing was done
		if err == nil || !strings.Contains(err.Error(), "Could not find node") && !strings.Contains(err.Error(), "not focusable") {
			break
		}
		err = chromedp.Do(b.ctx, steps...)
	}
	if err != nil {
		html, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body ? document.body.innerText : ''"))
		b.t.Fatalf("the browser at %s: %v\n%s", b.at(), err, html)
	}
}

// open goes to an address and waits until something is there.
func (b *browser) open(url, selector string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url), chromedp.WaitVisible(selector))
}

// fill types into a field.
func (b *browser) fill(selector, text string) {
	b.t.Helper()
	b.do(chromedp.Clear(selector), chromedp.SendKeys(selector, text))
}

// click clicks, and waits until something shows that did not before: the next page often has what this one has, and what is folded up is there already.
func (b *browser) click(selector, next string) {
	b.t.Helper()
	mark := fmt.Sprintf("for (const e of document.querySelectorAll(%q)) if (e.checkVisibility()) e.dataset.before = ''; true", next)
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](mark)); err != nil {
		b.t.Fatalf("%s at %s: %v", selector, b.at(), err)
	}
	b.do(chromedp.Click(selector), chromedp.WaitVisible(":is("+next+"):not([data-before])"))
}

func (b *browser) text(selector string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Text(selector))
	if err != nil {
		b.t.Fatalf("%s at %s: %v", selector, b.at(), err)
	}
	return text
}

// at gives the address that is shown.
func (b *browser) at() string {
	url, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return url
}

// look takes pictures of the page on a desk and on a phone, kept by go test -artifacts, and checks that a phone need not scroll to
// the side.
func (b *browser) look(name string) {
	b.t.Helper()
	for _, screen := range []struct {
		name          string
		width, height int64
	}{{"narrow", 360, 740}, {"wide", 1280, 800}} {
		b.do(chromedp.EmulateViewport(screen.width, screen.height))
		wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[int64]("document.documentElement.scrollWidth"))
		if err != nil {
			b.t.Fatal(err)
		}
		if wide > screen.width {
			b.t.Errorf("%s needs %d pixels on a screen of %d", name, wide, screen.width)
		}
		picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		if err == nil {
			err = os.WriteFile(filepath.Join(b.t.ArtifactDir(), name+"-"+screen.name+".png"), picture, 0o600)
		}
		if err != nil {
			b.t.Fatal(err)
		}
	}
}

// signIn fills in the form that is shown.
func (b *browser) signIn(account, password, next string) {
	b.t.Helper()
	b.fill("#account", account)
	b.fill("#password", password)
	b.click("main form button.primary", next)
}
