package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/sms"
)

// What an SMS user sends is told to the user's own addresses, in the place of the account's; what others send to the account's.
func TestUsersHaveCallbacksOfTheirOwn(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		server := newCustomerServer(t)
		check(t, p.OVH.Put(p.Path(""), map[string]any{"callBack": server.URL + "/account", "stopCallBack": server.URL + "/stop"}, nil))
		check(t, p.Operator.Put("/operator/services/"+p.Info.ServiceName, map[string]any{"stopConfirmation": "none"}, nil))
		check(t, p.OVH.Put(p.Path("/users/user"), map[string]any{"callBack": server.URL + "/mine", "stopCallBack": server.URL + "/nomore"}, nil))
		check(t, p.OVH.Post(p.Path("/users"), map[string]any{"login": "plain", "password": "motdepasse"}, nil))
		const alice, bob, carol = "+33639980301", "+33639980302", "+33639980303"
		status, ids, text := cgi{p, t}.get("to", alice, "message", "De user")
		if status != 100 {
			t.Fatal(text)
		}
		owners := p.Send("Du compte", []string{bob})
		if status, _, text := (cgi{p, t}).get("to", carol, "login", "plain", "password", "motdepasse"); status != 100 {
			t.Fatal(text)
		}
		p.Until("the callbacks", func() bool {
			p.Clock.Advance(time.Second)
			return len(server.to("/mine")) == 2 && len(server.to("/account")) == 4
		})
		for _, c := range server.to("/mine") {
			if !strings.HasPrefix(c.uri, "/mine?id="+ids[0]+"&ptt=") {
				t.Error(c.uri)
			}
		}
		for _, who := range []string{alice, bob} {
			if err := p.Simulator.Reply(who, "36111", "STOP"); err != nil {
				t.Fatal(err)
			}
		}
		p.Until("both opt-outs", func() bool { return len(server.to("/stop")) == 1 && len(server.to("/nomore")) == 1 })
		if mine := server.to("/nomore")[0].uri; !strings.HasPrefix(mine, "/nomore?number=%2B33639980301&") || !strings.Contains(mine, "&id="+ids[0]+"&") {
			t.Error(mine)
		}
		if theirs := server.to("/stop")[0].uri; !strings.Contains(theirs, fmt.Sprintf("&id=%d&", owners.IDs[0])) {
			t.Error(theirs)
		}
		checkTargets(t, p)
		// Without an address of the account only the user's messages are told; and none when the user has none any more.
		check(t, p.OVH.Put(p.Path(""), map[string]any{"callBack": ""}, nil))
		before := len(server.to("/"))
		p.Await(p.Send("Encore", []string{carol}).IDs[0], sms.Delivered)
		if _, _, text := (cgi{p, t}).get("to", carol); !strings.Contains(text, "100") {
			t.Fatal(text)
		}
		p.Until("what the user is told", func() bool { p.Clock.Advance(time.Second); return len(server.to("/mine")) == 4 })
		check(t, p.OVH.Delete(p.Path("/users/user"), nil))
		p.Await(p.Send("Fin", []string{carol}).IDs[0], sms.Delivered)
		if after := len(server.to("/")); after != before+2 {
			t.Errorf("%d calls instead of 2", after-before)
		}
		p.Audit()
	})
}

// What the platform answers by itself does not come between a reply and the message it is about: the opt-out is the user's, of his message.
func TestRepliesToAutomaticAnswersBelongToTheMessageBefore(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		server := newCustomerServer(t)
		put(t, p, "", map[string]any{
			"stopCallBack": server.URL + "/stop", "smsResponse": map[string]any{"responseType": "text", "text": "Merci de votre réponse"},
		})
		check(t, p.OVH.Put(p.Path("/users/user"), map[string]any{"stopCallBack": server.URL + "/nomore"}, nil))
		const alice = "+33639980304"
		_, ids, text := cgi{p, t}.get("to", alice, "from", "", "senderForResponse", "1", "tag", "avis")
		if len(ids) != 1 {
			t.Fatal(text)
		}
		for n, reply := range []string{"oui", "Stop. Merci"} {
			p.Until("the message before", func() bool { p.Clock.Advance(time.Second); return got(p, alice) == uint64(n)+1 })
			if err := p.Simulator.Reply(alice, "", reply); err != nil {
				t.Fatal(err)
			}
		}
		p.Until("the opt-out", func() bool { return len(server.to("/nomore"))+len(server.to("/stop")) > 0 })
		if mine := server.to("/nomore"); len(mine) != 1 || !strings.Contains(mine[0].uri, "&id="+ids[0]+"&tag=avis") {
			t.Errorf("%+v, %+v", mine, server.to("/stop"))
		}
		var mine []int64
		if p.Get("/users/user/incoming?tag=avis", &mine); len(mine) != 2 {
			t.Errorf("the user has the replies %v", mine)
		}
		var out []string
		if p.Get("/blacklists?smsOutgoingID="+ids[0], &out); len(out) != 1 {
			t.Errorf("the message has brought the opt-outs %v", out)
		}
		p.Audit()
	})
}

// checkTargets looks how the deliveries are listed.
func checkTargets(t *testing.T, p *sandboxtest.Platform) {
	t.Helper()
	type delivery struct{ Target string }
	for target, want := range map[string]int{"callBack": 4, "stopCallBack": 1, "users/user/callBack": 2, "users/user/stopCallBack": 1, "users/plain/callBack": 0} {
		var all []delivery
		p.Get("/deliveries?target="+target, &all)
		if len(all) != want {
			t.Errorf("%d deliveries to %s", len(all), target)
		}
		for _, d := range all {
			if d.Target != target {
				t.Errorf("%s among those to %s", d.Target, target)
			}
		}
	}
	if err := p.OVH.Get(p.Path("/deliveries?target=users/nobody/callBack"), nil); err == nil {
		t.Error("there is no such user")
	}
}
