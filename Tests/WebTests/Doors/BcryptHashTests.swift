import Testing
@testable import Web

@Suite("bcrypt")
struct BcryptHashTests {
    /// Passwords and hashes that other programs made of them: Apache's htpasswd and Python's bcrypt, and the test vectors that crypt_blowfish brings along.
    static let pairs: [(password: String, hash: String)] = [
        ("correct horse", "$2y$10$50TjTwvkOwhJ3uzhFfO19unWI.i1t29ZTBvnVLDoYWlq3t/NkybSG"),
        ("correct horse", "$2y$04$jmfX2N754Snv2Mi7Z0hRK.coIZEaYGMbiuOiBtYexZ7lQfDN4dLLG"),
        ("correct horse", "$2b$10$sqlE4SJi8AeTthA8VyULSunC7Y3cbqEvmSK30IfEb5AOR/wwsBbSq"),
        ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
        ("", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
    ]

    @Test("Hashes of other programs are right for their password, in each of the three variants, and for no other", arguments: pairs)
    func verifies(_ row: (password: String, hash: String)) throws {
        for variant in ["a", "b", "y"] {
            let hash = try BcryptHash(parsing: "$2\(variant)" + row.hash.dropFirst(3))
            #expect(PasswordChecker.bcrypt(Array(row.password.utf8), hash))
            #expect(!PasswordChecker.bcrypt(Array((row.password + "x").utf8), hash))
        }
    }

    /// The password of 72 letters, from htpasswd.
    static let longest = "$2y$04$daW0XD7nu7thWeMovLuEA.wRylWciW6Ra4TAhJn.fk8k4x1c9htky"

    @Test("What stands behind the 72nd byte does not count, as with every bcrypt", arguments: [72, 73, 200, 600])
    func longPasswords(_ count: Int) throws {
        let hash = try BcryptHash(parsing: Self.longest)
        #expect(PasswordChecker.bcrypt([UInt8](repeating: UInt8(ascii: "p"), count: count), hash))
        #expect(!PasswordChecker.bcrypt([UInt8](repeating: UInt8(ascii: "p"), count: 71), hash))
    }

    static let whole = "$2y$10$50TjTwvkOwhJ3uzhFfO19unWI.i1t29ZTBvnVLDoYWlq3t/NkybSG"
    static let problems: [(String, BcryptHash.Problem)] = [
        ("", .shape), ("correct horse", .shape), (String(whole.dropLast()), .shape), (whole + "x", .shape), (whole + "\n", .shape),
        (whole.replacing("$10$", with: "$1x$"), .shape), (whole.replacing("$10$", with: "$-1$"), .shape),
        (whole.replacing("$2y", with: "$2z"), .shape), (whole.replacing("$2y", with: "$1y"), .shape),
        (whole.replacing("/", with: "+"), .shape), (whole.replacing("/", with: "\u{0}"), .shape),
        (whole.replacing("t/", with: "ü"), .shape),
        (whole.replacing("$10$", with: "$10."), .shape), (whole.replacing("$2y", with: "$2x"), .brokenVariant),
        (whole.replacing("$10$", with: "$00$"), .cost(0)), (whole.replacing("$10$", with: "$03$"), .cost(3)),
        (whole.replacing("$10$", with: "$16$"), .cost(16)), (whole.replacing("$10$", with: "$31$"), .cost(31)),
        (whole.replacing("$10$", with: "$99$"), .cost(99)),
    ]

    @Test("What is no hash, or none that can be used", arguments: problems)
    func refuses(_ text: String, _ problem: BcryptHash.Problem) {
        #expect(throws: problem) { try BcryptHash(parsing: text) }
    }

    @Test("A hash does not show itself")
    func silence() throws {
        let hash = try BcryptHash(parsing: Self.whole)
        var dumped = ""
        dump(hash, to: &dumped)
        for text in ["\(hash)", String(reflecting: hash), "\(["alice": hash])", dumped] {
            #expect(text.contains("***") && !text.contains("50TjTwv") && !text.contains("NkybSG"))
        }
    }

    @Test("A dummy has the cost that it stands in for, and the library takes it", arguments: [4, 6])
    func dummies(_ cost: Int) throws {
        let dummy = BcryptHash.dummy(cost: cost)
        let text = dummy.setting + dummy.digest
        #expect(dummy.cost == cost && text.utf8.count == 60)
        #expect(try BcryptHash(parsing: text) == dummy)
        #expect(!PasswordChecker.bcrypt(Array("correct horse".utf8), dummy))
    }
}
