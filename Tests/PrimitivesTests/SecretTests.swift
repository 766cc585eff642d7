import Primitives
import Testing

@Suite("Secret")
struct SecretTests {
    private struct Holder {
        let name = "root@pam"
        let secret = Secret("hunter2")
        let list = [Secret("hunter2")]
        let table = ["token": Secret("hunter2")]
        let maybe: Secret? = Secret("hunter2")
    }

    @Test("It comes out only where it is asked for")
    func reveal() {
        #expect(Secret("hunter2").reveal() == "hunter2")
        #expect(Secret("hunter2") == Secret("hunter2"))
        #expect(Secret("hunter2") != Secret("hunter3"))
        #expect(Secret("").isEmpty)
        #expect(!Secret(" ").isEmpty)
    }

    @Test("Every way of printing shows ***")
    func printing() {
        let secret = Secret("hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        var printed = ""
        print(secret, to: &printed)
        debugPrint(secret, to: &printed)
        let texts = [
            "\(secret)", String(describing: secret), String(reflecting: secret), "\([secret])", "\(Optional(secret) as Any)", printed,
            "\(Failure(.environment, "no", cause: Wrapped(secret: secret)))", dumped,
        ]
        for text in texts {
            #expect(!text.contains("hunter2"))
            #expect(text.contains("***"))
        }
        #expect(Mirror(reflecting: secret).children.isEmpty)
    }

    @Test("So does everything that holds one")
    func holders() {
        let holder = Holder()
        var dumped = ""
        dump(holder, to: &dumped)
        for text in ["\(holder)", String(reflecting: holder), dumped] {
            #expect(!text.contains("hunter2"))
            #expect(text.contains("root@pam"))
        }
    }

    private struct Wrapped: Error { let secret: Secret }
}
