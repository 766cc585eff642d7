/// What a reader takes from a text that nobody vouches for.
///
/// Those of the whole end the reading; those of a line cost the line. Defaults are far above what a well-behaved exporter writes.
package struct ReadingLimits: Sendable {
    /// Of the whole text.
    package var bytes = 64 << 20
    package var samples = 1_000_000
    /// Families that samples or their HELP, TYPE and UNIT begin.
    package var families = 50_000
    /// Of a line, without its line feed.
    package var lineBytes = 64 << 10
    /// Of a sample; of its exemplar too.
    package var labels = 128
    /// Of the name of a metric or label, as it stands in the text.
    package var nameBytes = 1 << 10
    /// Of a label's value, as it stands in the text.
    package var labelValueBytes = 16 << 10
    /// Of a HELP text, as it stands in the text.
    package var helpBytes = 16 << 10

    package init() {}
}
