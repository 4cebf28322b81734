package simulator

import "strconv"

// IDForm is how an operator writes message ids.
type IDForm byte

// The forms.
const (
	Decimal IDForm = iota
	Hex
	HexInReceipts // but decimal in answers
)

// answered is the id as the answer to a submission has it.
func (f IDForm) answered(id uint64) string {
	if f == Hex {
		return strconv.FormatUint(id, 16)
	}
	return strconv.FormatUint(id, 10)
}

// base is that of ids in receipts.
func (f IDForm) base() int {
	if f == Decimal {
		return 10
	}
	return 16
}

// parse reads an id as it was answered.
func (f IDForm) parse(id string) (uint64, bool) {
	base := 10
	if f == Hex {
		base = 16
	}
	n, err := strconv.ParseUint(id, base, 64)
	return n, err == nil
}
