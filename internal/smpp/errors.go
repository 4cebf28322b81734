package smpp

import (
	"errors"
	"fmt"
)

var (
	// ErrNotSent marks the error of a request of which no whole frame left: the
	// peer cannot have acted on it. Any other error than a [Status] leaves that open.
	ErrNotSent = errors.New("not sent")
	// ErrTimeout says that no answer came in time.
	ErrTimeout = errors.New("no answer in time")
	// ErrClosed says that the session is over.
	ErrClosed = errors.New("session closed")
	// ErrUnbound is why a session is over after an orderly unbind by either end.
	ErrUnbound = errors.New("unbound")
	// ErrLeaving says that the session is being unbound and takes no more requests.
	ErrLeaving = errors.New("session is being unbound")
	// ErrSilent is why a session is over whose peer did not answer enquire_link.
	ErrSilent = errors.New("the peer is silent")
	// ErrInactive is why a session is over on which no message went for too long.
	ErrInactive = errors.New("no message for too long")
	// ErrNoBind is why a session is over whose peer did not bind in time.
	ErrNoBind = errors.New("the peer did not bind in time")
)

// RefusedError says that the peer refused the bind, and how. It unwraps to the
// Status; an error of [Client] or [Dial] that is none is one of the network.
type RefusedError struct{ Status Status }

func (e *RefusedError) Error() string { return "bind refused: " + e.Status.String() }

func (e *RefusedError) Unwrap() error { return e.Status }

func notSent(err error) error { return fmt.Errorf("%w: %w", ErrNotSent, err) }

// closed makes the error of a session that is over from its cause.
func closed(cause error) error {
	if errors.Is(cause, ErrClosed) {
		return cause
	}
	return fmt.Errorf("%w: %w", ErrClosed, cause)
}
