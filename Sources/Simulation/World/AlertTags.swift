/// The tags by which owners of guests set when they want to hear of them.
enum AlertTags {
    private static let tags = ["mon-cpu-98", "mon-mem-off", "mon-mute", "mon-cpu-97.5;mon-mem-90"]

    /// From 20 guests on, the first running ones have them.
    static func added(to dealt: [Guest]) -> [Guest] {
        guard dealt.count >= 20 else { return dealt }
        var guests = dealt
        for (guest, tag) in zip(dealt.filter { $0.role == .running }, tags) {
            guests[guest.index].tags = guest.tags.map { "\($0);\(tag)" } ?? tag
        }
        return guests
    }
}
