package arch

// The rules, as data. They follow the section on layout in the design: doors call
// submit and campaign, which call the store; loops call the store; the store knows only
// the domain; carriers know the domain and their protocol.
//
// A new package needs a line here. If a line has to grow, ask first whether the
// package does two things.

// module is the name that go.mod gives to us.
const module = "ramier"

// anything is the right to import everything but commands, generators and test helpers.
const anything = "*"

// A rule says which of our packages a package may import. Paths are those below the
// module's name; "internal/" is left out of the names on the right, and those that are
// not below it begin with a slash. A name ending
// in "/..." stands for the package and all below it. A package may always import
// those below itself. The first rule that fits counts.
type rule struct {
	pkg string
	may []string
}

var rules = []rule{
	// Leaves: nothing of ours.
	{"internal/clock", nil},
	{"internal/config", nil},
	{"internal/gsm", nil},
	{"internal/spf", nil},
	{"internal/phone", nil},
	{"internal/smpp", nil},

	// The domain.
	{"internal/calendar", []string{"phone"}},
	{"internal/sms", []string{"gsm", "phone", "calendar"}},

	// What a peer may take of a door.
	{"internal/limit", []string{"sms"}},

	// Calls to the URLs of customers.
	{"internal/fetch", []string{"sms"}},

	// The truth, and who is asking.
	{"internal/store", []string{"sms"}},
	{"internal/store/query", nil}, // generated; only the store sees it
	{"internal/auth", []string{"limit", "store", "sms", "clock"}},

	// What decides a write.
	{"internal/billing", []string{"submit", "store", "sms", "clock"}},
	{"internal/submit", []string{"store", "sms", "gsm", "phone", "clock"}},
	{"internal/campaign", []string{"fetch", "submit", "store", "sms", "gsm", "phone", "clock"}},

	// Loops, and what they speak to; neither knows the other's side.
	{"internal/dispatch", []string{"store", "sms", "clock"}},
	{"internal/clerk", []string{"campaign", "store", "sms", "phone", "clock"}},
	{"internal/mail", []string{"store", "sms", "clock"}},
	{"internal/notify", []string{"fetch", "store", "sms", "clock"}},
	{"internal/carrier/...", []string{"sms", "smpp", "gsm", "clock"}},

	// The operator that is not there knows nothing of the rest.
	{"internal/simulator", []string{"smpp", "gsm", "clock"}},
	{"internal/simulator/viewer", []string{"simulator"}},

	// Doors.
	{"internal/ovh/schema", nil},
	{"internal/ovh", door},
	{"internal/web", door},
	{"internal/legacy", append([]string{"spf"}, door...)},
	{"internal/smppd", append([]string{"smpp"}, door...)},
	{"internal/console", append([]string{"ovh/schema"}, door...)},

	// Wiring.
	{"internal/app", []string{anything}},
	{"internal/sandbox", []string{"app", "billing", "fetch", "legacy", "mail", "auth", "store", "sms", "simulator/...", "clock", "calendar"}},
	{"internal/cli", append([]string{"app", "calendar", "config", "sandbox", "simulator/...", "ovh/...", "/bench/..."}, door...)},
	{"cmd/ramier", []string{"cli"}},

	// Beside the program: a load generator is a client, it starts the program as one.
	{"bench/load", nil},
	{"bench/proc", nil},
	{"bench/figures", []string{"/bench/proc"}},
	{"bench", []string{"simulator", "smpp"}},
}

// door is what the ways into the program share.
var door = []string{"fetch", "limit", "submit", "campaign", "billing", "store", "sms", "auth", "gsm", "phone", "clock"}

// commands may be imported by main packages alone; "anything" does not cover them.
var commands = []string{"cli"}

// pure packages decide without looking around: no files, no network, no database, no
// environment, no log. The clock and chance are handed to them.
var (
	pure   = []string{"internal/sms", "internal/gsm", "internal/phone", "internal/calendar"}
	impure = []string{
		"crypto/rand", "database/sql/...", "log/...", "math/rand/...",
		"net", "net/http/...", "net/smtp", "os/...", "syscall/...",
	}
)

// tagless packages hold no wire formats: their structs carry no tags.
var tagless = []string{"internal/sms"}

// Sizes, for code written by hand; tests are code.
const (
	maxFileLines = 600
	maxFuncLines = 100 // of the body
)
