/// What was found out about passwords, so that a scraper's is not checked anew at each scrape. Knows no password: only keyed digests.
struct PasswordVerdicts {
    /// A digest of user, hash and password under a key that this process made up and nobody else knows.
    typealias Key = [UInt8]

    /// Right and wrong have a hundred places between them and do not contend: who guesses must not push out who knows.
    static let placesEach = 50

    private var right = Places()
    private var wrong = Places()

    subscript(key: Key) -> Bool? {
        if right.members.contains(key) { return true }
        return wrong.members.contains(key) ? false : nil
    }

    mutating func remember(_ isRight: Bool, _ key: Key) {
        if isRight { right.insert(key) } else { wrong.insert(key) }
    }

    private struct Places {
        var members: Set<Key> = []

        /// A random one goes when there is no room: with an order, guesses could be timed so that they always miss.
        mutating func insert(_ key: Key) {
            if members.count >= placesEach, !members.contains(key), let victim = members.randomElement() { members.remove(victim) }
            members.insert(key)
        }
    }
}
