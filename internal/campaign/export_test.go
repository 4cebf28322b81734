package campaign

// SetRows makes steps smaller.
func (b *Batches) SetRows(n int) { b.rows = n }

// SetExact makes fewer rows exact before a batch is made.
func (b *Batches) SetExact(n int) { b.exact = n }

// AppendRow and ChunkRowsOf show how chunks are written and read.
var (
	AppendRow   = appendRow
	ChunkRowsOf = chunkRows
)

// Numbers is a set of numbers.
type Numbers = numbers

// Add and Has show it.
func (n *numbers) Add(e164 string) bool { return n.add(e164) }

// Has tells whether a number is in the set.
func (n *numbers) Has(e164 string) bool { return n.has(e164) }
