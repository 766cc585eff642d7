/// Those who found no place since the last one that did.
struct Crowd: Sendable {
    private var count = 0

    /// How long one more of them is to wait, in seconds: the more there are, the less often each comes, as places may be free after minutes only.
    mutating func wait() -> Double {
        count += 1
        return min(10, 0.2 + Double(count) / 100)
    }

    mutating func letIn() { count = 0 }
}
