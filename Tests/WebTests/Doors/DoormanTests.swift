import Synchronization
import Testing
@testable import Web

@Suite("The doorman")
struct DoormanTests {
    private static let right = basic("alice", BasicAuthenticationTests.password("a"))

    private static func settings(_ change: (inout DoorSettings) throws -> Void = { _ in }) throws -> DoorSettings {
        var settings = DoorSettings()
        settings.users = ["alice": try BasicAuthenticationTests.hash("a")]
        settings.openPaths = ["/health"]
        settings.headers = [.init(name: "X-Frame-Options", value: "deny"), .init(name: "X-Own", value: "configured")]
        try change(&settings)
        return settings
    }

    private static func request(_ path: String = "/metrics", host: String? = "localhost", authorization: String? = nil) -> HTTPServerRequest
    {
        var headers = HTTPHeaders()
        if let host { headers.add("host", host) }
        if let authorization { headers.add("authorization", authorization) }
        return HTTPServerRequest(method: "GET", path: path, headers: headers)
    }

    /// How often the handler was reached, and a doorman in front of it.
    private final class House: Sendable {
        let doors: Mutex<Doors>
        let visits = Mutex(0)
        let denials = Mutex<[Doorman.Denial]>([])
        let comparisons = BasicAuthenticationTests.Comparisons()
        let clock = SteppedClock()

        let checker: PasswordChecker

        init(_ settings: DoorSettings) {
            checker = comparisons.checker()
            doors = Mutex(Doors(settings, checker: checker, now: clock.now))
        }

        func ask(_ request: HTTPServerRequest) async -> HTTPServerResponse {
            let doorman = Doorman(
                doors: { [self] in doors.withLock { $0 } }, hosts: HostCheck(),
                onDenial: { [self] denial in denials.withLock { $0.append(denial) } }
            ) { [self] _ in
                visits.withLock { $0 += 1 }
                var response = HTTPServerResponse(text: "inside")
                response.headers.add("x-own", "handler's")
                return response
            }
            return await doorman.handle(request)
        }

        var visitCount: Int { visits.withLock { $0 } }
    }

    private static func text(_ response: HTTPServerResponse) -> String {
        if case .bytes(let bytes) = response.body { String(decoding: bytes, as: UTF8.self) } else { "" }
    }

    @Test("Without doors everybody comes in")
    func open() async {
        let house = House(DoorSettings())
        let response = await house.ask(Self.request())
        #expect(response.status == 200 && Self.text(response) == "inside" && house.visitCount == 1)
    }

    @Test("Who is not let in is told by reason, who is let in is not")
    func denials() async throws {
        let house = House(try Self.settings { $0.rateLimit = RateLimit(intervalSeconds: 3600, burst: 4) })
        for request in [
            Self.request(authorization: Self.right), Self.request(authorization: basic("alice", "wrong")),
            Self.request(host: "evil.example"),
            Self.request("/health"), Self.request(),
        ] { _ = await house.ask(request) }
        #expect(house.denials.withLock { $0 } == [.password, .host, .rateLimit])
    }

    @Test("With users, only who knows a password, and to open paths everybody")
    func passwords() async throws {
        let house = House(try Self.settings())
        let refused = await house.ask(Self.request())
        #expect(refused.status == 401 && Self.text(refused) == "Unauthorized.\n")
        #expect(refused.headers["WWW-Authenticate"]?.hasPrefix("Basic realm=") == true)
        #expect(await house.ask(Self.request(authorization: basic("alice", "wrong"))).status == 401)
        for path in ["/health/", "/health?", "//health", "/Health", "/healthy", "/-/healthy", "/"] {
            #expect(await house.ask(Self.request(path)).status == 401)
        }
        #expect(house.visitCount == 0)
        #expect(await house.ask(Self.request(authorization: Self.right)).status == 200)
        #expect(await house.ask(Self.request("/health")).status == 200)
        #expect(house.visitCount == 2)
    }

    @Test("A wrong host is turned away before any password is looked at, on open paths too")
    func hosts() async throws {
        let house = House(try Self.settings())
        #expect(await house.ask(Self.request(host: "evil.example", authorization: Self.right)).status == 403)
        #expect(await house.ask(Self.request("/health", host: "evil.example")).status == 403)
        #expect(await house.ask(Self.request(host: nil, authorization: Self.right)).status == 400)
        #expect(house.visitCount == 0 && house.comparisons.costs.isEmpty)
    }

    @Test("Who comes too often is turned away before anything else, and told when to come back")
    func rate() async throws {
        let house = House(try Self.settings { $0.rateLimit = RateLimit(intervalSeconds: 2.5, burst: 2) })
        #expect(await house.ask(Self.request(host: "evil.example")).status == 403)
        #expect(await house.ask(Self.request(authorization: Self.right)).status == 200)
        let refused = await house.ask(Self.request("/health", host: "evil.example"))
        #expect(refused.status == 429 && refused.headers["Retry-After"] == "3" && Self.text(refused) == "Too many requests.\n")
        house.clock.step(.milliseconds(2400))
        #expect(await house.ask(Self.request(authorization: Self.right)).headers["Retry-After"] == "1")
        house.clock.step(.milliseconds(200))
        #expect(await house.ask(Self.request(authorization: Self.right)).status == 200)
    }

    @Test("Every answer has the headers that are configured, unless its maker says otherwise")
    func headers() async throws {
        let house = House(try Self.settings { $0.rateLimit = RateLimit(intervalSeconds: 1, burst: 3) })
        let answers = [
            await house.ask(Self.request(authorization: Self.right)), await house.ask(Self.request()),
            await house.ask(Self.request(host: "evil.example")), await house.ask(Self.request()),
        ]
        #expect(answers.map(\.status) == [200, 401, 403, 429])
        #expect(answers.allSatisfy { $0.headers.values(of: "X-Frame-Options") == ["deny"] })
        #expect(answers.map { $0.headers.values(of: "X-Own") } == [["handler's"], ["configured"], ["configured"], ["configured"]])
    }

    @Test("Too many passwords at once: come back later")
    func busy() async throws {
        let house = House(try Self.settings())
        house.comparisons.hold()
        let working = Task { await house.ask(Self.request(authorization: basic("alice", "first"))) }
        while house.comparisons.costs.isEmpty { await Task.yield() }
        var others: [Task<Int, Never>] = []
        for number in 0..<PasswordChecker.waitingLimit {
            others.append(Task { await house.ask(Self.request(authorization: basic("alice", "guess \(number)"))).status })
            while house.checker.waitingCount <= number { await Task.yield() }
        }
        let tooMany = Answered { await house.ask(Self.request(authorization: Self.right)) }
        while !tooMany.isThere, house.checker.waitingCount <= PasswordChecker.waitingLimit { await Task.yield() }
        #expect(await house.ask(Self.request("/health")).status == 200)
        house.comparisons.open()
        let refused = await tooMany.value
        #expect(refused.status == 503 && refused.headers["Retry-After"] == "1")
        #expect(await working.value.status == 401)
        for other in others { #expect(await other.value == 401) }
        #expect(await house.ask(Self.request(authorization: Self.right)).status == 200)
    }

    @Test("New settings count from the next request; a limit that is the same goes on where it stood")
    func replacing() async throws {
        let limit = RateLimit(intervalSeconds: 60, burst: 3)
        let house = House(try Self.settings { $0.rateLimit = limit })
        #expect(await house.ask(Self.request()).status == 401)
        let opened = try Self.settings { ($0.users, $0.rateLimit) = ([:], limit) }
        house.doors.withLock { $0 = $0.replaced(by: opened) }
        #expect(await house.ask(Self.request()).status == 200)
        #expect(await house.ask(Self.request()).status == 200)
        #expect(await house.ask(Self.request()).status == 429)
        let unlimited = try Self.settings()
        house.doors.withLock { $0 = $0.replaced(by: unlimited) }
        #expect(await house.ask(Self.request()).status == 401)
        let tighter = try Self.settings { $0.rateLimit = RateLimit(intervalSeconds: 60, burst: 1) }
        house.doors.withLock { $0 = $0.replaced(by: tighter) }
        #expect(await house.ask(Self.request(authorization: Self.right)).status == 200)
        #expect(await house.ask(Self.request(authorization: Self.right)).status == 429)
    }

    @Test("A password that was checked before stays checked when the settings are read again")
    func verdictsStay() async throws {
        let house = House(try Self.settings())
        #expect(await house.ask(Self.request(authorization: Self.right)).status == 200)
        house.doors.withLock { $0 = $0.replaced(by: $0.settings) }
        #expect(await house.ask(Self.request(authorization: Self.right)).status == 200)
        #expect(house.comparisons.costs.count == 1)
    }
}
