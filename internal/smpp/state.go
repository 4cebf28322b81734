package smpp

// A role is the end of the connection that we are.
type role byte

const (
	esme role = iota // the client
	smsc             // the server
)

// A state says what may come and go (§2.2).
type state byte

const (
	stateOpen state = iota
	stateBinding
	stateTX
	stateRX
	stateTRX
)

// boundAs holds the state that follows each bind.
var boundAs = map[Command]state{
	CommandBindTransmitter: stateTX,
	CommandBindReceiver:    stateRX,
	CommandBindTransceiver: stateTRX,
}

// mayAsk tells whether the end that is r may send the request c (§2.3). What both
// may send at any time (enquire_link, unbind) and binds are not its subject.
func (r role) mayAsk(st state, c Command) bool {
	switch c {
	case CommandSubmitSM, CommandSubmitMulti, CommandQuerySM, CommandCancelSM, CommandReplaceSM:
		return r == esme && (st == stateTX || st == stateTRX)
	case CommandDataSM:
		return st == stateTRX || r == esme && st == stateTX || r == smsc && st == stateRX
	case CommandDeliverSM, CommandAlertNotification:
		return r == smsc && (st == stateRX || st == stateTRX)
	case CommandOutbind:
		return r == smsc && st == stateOpen
	}
	return false
}

func (r role) peer() role { return esme + smsc - r }

// busy is how an end says "not now".
func (r role) busy() Status {
	if r == esme {
		return ReceiverTemporaryError
	}
	return Throttled
}
