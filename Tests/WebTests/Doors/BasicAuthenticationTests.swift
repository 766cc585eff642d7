import Glibc
import Synchronization
import Testing
@testable import Web

@Suite("Passwords")
struct BasicAuthenticationTests {
    /// Counts comparisons and holds them up when it is told to. Right is the password that is the hash's own digest.
    final class Comparisons: Sendable {
        private let made = Mutex<[Int]>([])
        // Blocks its thread, as bcrypt does; never the cooperative pool's.
        private let door = Mutex<Bool>(true)

        /// The costs of the comparisons, in order.
        var costs: [Int] { made.withLock { $0 } }

        func hold() { door.withLock { $0 = false } }
        func open() { door.withLock { $0 = true } }

        func checker() -> PasswordChecker {
            PasswordChecker { [self] password, hash in
                made.withLock { $0.append(hash.cost) }
                while !door.withLock({ $0 }) { sched_yield() }
                return password == Array(hash.digest.utf8)
            }
        }
    }

    /// A hash of a cost whose password is its digest: 31 times the letter.
    static func hash(_ letter: Character, cost: Int = 10) throws -> BcryptHash {
        try BcryptHash(parsing: "$2y$\(cost < 10 ? "0" : "")\(cost)$" + String(repeating: "s", count: 22) + password(letter))
    }

    static func password(_ letter: Character) -> String { String(repeating: letter, count: 31) }

    @Test("A user with the right password comes in, and nobody else")
    func verdicts() async throws {
        let users = ["alice": try Self.hash("a"), "bob": try Self.hash("b")]
        let door = BasicAuthentication(users: users, checker: Comparisons().checker())
        #expect(await door.verify(authorizationHeader: basic("alice", Self.password("a")), from: .local) == .granted(user: "alice"))
        #expect(await door.verify(authorizationHeader: basic("bob", Self.password("b")), from: .local) == .granted(user: "bob"))
        for header in [
            nil, "", "Basic", "Bearer x", basic("alice", Self.password("b")), basic("alice", ""), basic("Alice", Self.password("a")),
            basic("", Self.password("a")), basic("alice ", Self.password("a")), basic("carol", Self.password("a")),
            basic("carol", String(repeating: ".", count: 31)),
        ] {
            #expect(await door.verify(authorizationHeader: header, from: .local) == .denied)
        }
    }

    @Test("The real thing")
    func bcrypt() async throws {
        let hash = try BcryptHash(parsing: "$2y$04$jmfX2N754Snv2Mi7Z0hRK.coIZEaYGMbiuOiBtYexZ7lQfDN4dLLG")
        let door = BasicAuthentication(users: ["alice": hash])
        #expect(await door.verify(authorizationHeader: basic("alice", "correct horse"), from: .local) == .granted(user: "alice"))
        #expect(await door.verify(authorizationHeader: basic("alice", "incorrect horse"), from: .local) == .denied)
        #expect(await door.verify(authorizationHeader: basic("bob", "correct horse"), from: .local) == .denied)
    }

    @Test("A wrong password and a name that nobody has cost the same work, for cheap users and dear ones", arguments: [4, 5, 9, 12])
    func sameWork(_ cost: Int) async throws {
        let comparisons = Comparisons()
        let users = ["cheap": try Self.hash("a", cost: cost), "dear": try Self.hash("b", cost: 12)]
        let door = BasicAuthentication(users: users, checker: comparisons.checker())
        var work: [Int] = []
        for (user, password) in [("cheap", "wrong"), ("dear", "wrong"), ("nobody", "wrong"), ("cheap", Self.password("a"))] {
            let before = comparisons.costs.count
            _ = await door.verify(authorizationHeader: basic(user, password), from: .local)
            work.append(comparisons.costs.dropFirst(before).reduce(0) { $0 + 1 << $1 })
        }
        #expect(work == [4096, 4096, 4096, 4096])
    }

    @Test("Users of one cost, a wrong password and a strange name: one comparison each")
    func sameCalls() async throws {
        let comparisons = Comparisons()
        let door = BasicAuthentication(users: ["alice": try Self.hash("a")], checker: comparisons.checker())
        for (user, password) in [("alice", Self.password("a")), ("alice", "wrong"), ("nobody", "wrong")] {
            _ = await door.verify(authorizationHeader: basic(user, password), from: .local)
        }
        #expect(comparisons.costs == [10, 10, 10])
    }

    @Test("What was found out once is not computed again, be it yes or no")
    func remembering() async throws {
        let comparisons = Comparisons()
        let door = BasicAuthentication(users: ["alice": try Self.hash("a")], checker: comparisons.checker())
        for _ in 0..<3 {
            #expect(await door.verify(authorizationHeader: basic("alice", Self.password("a")), from: .local) == .granted(user: "alice"))
            #expect(await door.verify(authorizationHeader: basic("alice", "wrong"), from: .local) == .denied)
            #expect(await door.verify(authorizationHeader: basic("nobody", "wrong"), from: .local) == .denied)
        }
        #expect(comparisons.costs.count == 3)
    }

    @Test("What is no credential at all costs nothing")
    func nothingToCompare() async throws {
        let comparisons = Comparisons()
        let door = BasicAuthentication(users: ["alice": try Self.hash("a")], checker: comparisons.checker())
        for header in [nil, "Basic !", basic("alice", Array((Self.password("a") + "\u{0}x").utf8))] {
            #expect(await door.verify(authorizationHeader: header, from: .local) == .denied)
        }
        #expect(comparisons.costs.isEmpty)
    }

    @Test("A changed password counts at once, and the old one no more, though the checker stays")
    func changedPassword() async throws {
        let checker = Comparisons().checker()
        let before = BasicAuthentication(users: ["alice": try Self.hash("a")], checker: checker)
        #expect(await before.verify(authorizationHeader: basic("alice", Self.password("a")), from: .local) == .granted(user: "alice"))
        #expect(await before.verify(authorizationHeader: basic("alice", Self.password("b")), from: .local) == .denied)
        let after = BasicAuthentication(users: ["alice": try Self.hash("b")], checker: checker)
        #expect(await after.verify(authorizationHeader: basic("alice", Self.password("a")), from: .local) == .denied)
        #expect(await after.verify(authorizationHeader: basic("alice", Self.password("b")), from: .local) == .granted(user: "alice"))
        let gone = BasicAuthentication(users: ["bob": try Self.hash("a")], checker: checker)
        #expect(await gone.verify(authorizationHeader: basic("alice", Self.password("a")), from: .local) == .denied)
    }

    @Test("Sixteen passwords wait, the next is turned away, and who asks the same waits with the one before")
    func waitingLine() async throws {
        let comparisons = Comparisons()
        comparisons.hold()
        let checker = comparisons.checker()
        let door = BasicAuthentication(users: ["alice": try Self.hash("a")], checker: checker)
        let working = Task { await door.verify(authorizationHeader: basic("alice", "first"), from: .local) }
        while comparisons.costs.isEmpty { await Task.yield() }
        var waiting: [Task<BasicAuthentication.Verdict, Never>] = []
        for number in 0..<PasswordChecker.waitingLimit {
            let password = number == 7 ? Self.password("a") : "guess \(number)"
            waiting.append(Task { await door.verify(authorizationHeader: basic("alice", password), from: .local) })
            while checker.waitingCount <= number { await Task.yield() }
        }
        let tooMany = Answered { await door.verify(authorizationHeader: basic("alice", "one too many"), from: .local) }
        while !tooMany.isThere, checker.waitingCount <= PasswordChecker.waitingLimit { await Task.yield() }
        let same = Task { await door.verify(authorizationHeader: basic("alice", Self.password("a")), from: .local) }
        comparisons.open()
        #expect(await tooMany.value == .busy)
        #expect(await working.value == .denied)
        for (number, task) in waiting.enumerated() { #expect(await task.value == (number == 7 ? .granted(user: "alice") : .denied)) }
        #expect(await same.value == .granted(user: "alice"))
        #expect(comparisons.costs.count == 17)
        #expect(await door.verify(authorizationHeader: basic("alice", "one too many"), from: .local) == .denied)
    }

    @Test("Who fills the line with guesses is not in the way of others: they have a place in it, and the next turn")
    func fairLine() async throws {
        let comparisons = Comparisons()
        comparisons.hold()
        let checker = comparisons.checker()
        let door = BasicAuthentication(users: ["alice": try Self.hash("a")], checker: checker)
        let working = Task { await door.verify(authorizationHeader: basic("alice", "first"), from: .four(1)) }
        while comparisons.costs.isEmpty { await Task.yield() }
        var guesses: [Task<BasicAuthentication.Verdict, Never>] = []
        for number in 0..<PasswordChecker.waitingLimit {
            guesses.append(Task { await door.verify(authorizationHeader: basic("alice", "guess \(number)"), from: .four(1)) })
            while checker.waitingCount <= number { await Task.yield() }
        }
        let owner = Task { await door.verify(authorizationHeader: basic("alice", Self.password("a")), from: .four(2)) }
        // The last guess makes room, and its verdict is there before anything was compared.
        #expect(await guesses.removeLast().value == .busy)
        #expect(checker.waitingCount == PasswordChecker.waitingLimit)
        comparisons.open()
        #expect(await owner.value == .granted(user: "alice"))
        #expect(await working.value == .denied)
        for guess in guesses { #expect(await guess.value == .denied) }
    }

    @Test("So many wait for the same verdict, and no more: each holds a connection meanwhile")
    func askers() async throws {
        let comparisons = Comparisons()
        comparisons.hold()
        let door = BasicAuthentication(users: ["alice": try Self.hash("a")], checker: comparisons.checker())
        let heard = Collected<BasicAuthentication.Verdict>()
        let asking = (0..<PasswordChecker.askersLimit + 5).map { _ in
            Task { heard.add(await door.verify(authorizationHeader: basic("alice", Self.password("a")), from: .local)) }
        }
        while heard.all.count < 5 { await Task.yield() }
        comparisons.open()
        for task in asking { await task.value }
        let (refused, granted) = (heard.all.prefix(5), heard.all.dropFirst(5))
        #expect(refused.allSatisfy { $0 == .busy })
        #expect(granted.count == PasswordChecker.askersLimit && granted.allSatisfy { $0 == .granted(user: "alice") })
    }

    @Test("Who guesses pushes out other guesses, and never the verdict on who knows")
    func guesses() async throws {
        let comparisons = Comparisons()
        let door = BasicAuthentication(users: ["alice": try Self.hash("a")], checker: comparisons.checker())
        _ = await door.verify(authorizationHeader: basic("alice", Self.password("a")), from: .local)
        for number in 0..<200 { _ = await door.verify(authorizationHeader: basic("alice", "guess \(number)"), from: .local) }
        #expect(comparisons.costs.count == 201)
        #expect(await door.verify(authorizationHeader: basic("alice", Self.password("a")), from: .local) == .granted(user: "alice"))
        #expect(comparisons.costs.count == 201)
        for number in 0..<200 { _ = await door.verify(authorizationHeader: basic("alice", "guess \(number)"), from: .local) }
        #expect(comparisons.costs.count > 201)
    }

    @Test("A hundred verdicts are kept, by keys of 32 bytes that are not what they stand for")
    func places() {
        var verdicts = PasswordVerdicts()
        for number in 0..<300 { verdicts.remember(number % 2 == 0, [UInt8(number & 0xFF), UInt8(number >> 8)]) }
        let kept = (0..<300).filter { verdicts[[UInt8($0 & 0xFF), UInt8($0 >> 8)]] != nil }
        #expect(kept.count == 100 && kept.count { $0 % 2 == 0 } == PasswordVerdicts.placesEach)
        #expect(kept.allSatisfy { verdicts[[UInt8($0 & 0xFF), UInt8($0 >> 8)]] == ($0 % 2 == 0) })
        #expect(verdicts[[1]] == nil)
    }
}

/// A task that shows whether it is done.
final class Answered<Value: Sendable>: Sendable {
    private let task: Task<Value, Never>
    private let done: Flag

    private final class Flag: Sendable {
        let isSet = Mutex(false)
    }

    init(_ body: @escaping @Sendable () async -> Value) {
        let flag = Flag()
        done = flag
        task = Task {
            defer { flag.isSet.withLock { $0 = true } }
            return await body()
        }
    }

    var isThere: Bool { done.isSet.withLock { $0 } }
    var value: Value { get async { await task.value } }
}
