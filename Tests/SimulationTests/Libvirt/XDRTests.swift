import Testing

@testable import Simulation

/// Bytes as RFC 4506 has them, and what is none of it.
@Suite struct XDRTests {
    @Test func `what is written is read again`() throws {
        var writer = XDRWriter()
        writer.integer(Int32.min)
        writer.unsignedInteger(0xDEAD_BEEF)
        writer.hyper(-2)
        writer.unsignedHyper(.max)
        writer.double(-0.125)
        writer.boolean(true)
        writer.string("größer")
        writer.optionalString(nil)
        writer.optionalString("")
        writer.fixedOpaque([1, 2, 3])
        writer.opaque([4, 5, 6, 7])
        #expect(writer.bytes.count % 4 == 0)
        var reader = XDRReader(writer.bytes[...])
        let numbers = (
            try reader.integer(), try reader.unsignedInteger(), try reader.hyper(), try reader.unsignedHyper(), try reader.double(),
            try reader.boolean()
        )
        #expect(numbers == (.min, 0xDEAD_BEEF, -2, .max, -0.125, true))
        let texts = [try reader.string(), try reader.optionalString(), try reader.optionalString()]
        #expect(texts == ["größer", nil, ""])
        let opaque = [try reader.fixedOpaque(3), try reader.opaque(limit: 4)]
        #expect(opaque == [[1, 2, 3], [4, 5, 6, 7]])
        #expect(reader.remaining == 0)
    }

    @Test func `numbers are big-endian and texts padded`() {
        var writer = XDRWriter()
        writer.integer(Int32(258))
        writer.string("abcde")
        #expect(writer.bytes == [0, 0, 1, 2, 0, 0, 0, 5, 97, 98, 99, 100, 101, 0, 0, 0])
    }

    /// What reading them as a text gives.
    private func problem(_ bytes: [UInt8]) -> XDRReader.Problem? {
        var reader = XDRReader(bytes[...])
        do throws(XDRReader.Problem) {
            _ = try reader.string(limit: 8)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            ([], XDRReader.Problem.cutShort), ([0, 0, 0], .cutShort), ([0, 0, 0, 4, 97, 97, 97], .cutShort),
            // The padding is missing.
            ([0, 0, 0, 1, 97], .cutShort),
            // Longer than may be, and longer than anybody could send.
            ([0, 0, 0, 9, 97, 97, 97, 97, 97, 97, 97, 97, 97, 0, 0, 0], .outOfRange), ([0xFF, 0xFF, 0xFF, 0xFF], .outOfRange),
        ] as [([UInt8], XDRReader.Problem)])
    func `what is cut short or too long is refused`(bytes: [UInt8], expected: XDRReader.Problem) {
        #expect(problem(bytes) == expected)
    }

    @Test func `no room is made for elements that were not sent`() {
        // A million elements of 24 bytes in a payload of 4.
        var reader = XDRReader([0, 0x0F, 0x42, 0x40, 0, 0, 0, 0])
        do throws(XDRReader.Problem) {
            _ = try reader.count(limit: 2_000_000, eachAtLeast: 24)
            Issue.record("taken")
        } catch {
            #expect(error == .cutShort)
        }
    }

    @Test func `a truth is 0 or 1`() {
        var reader = XDRReader([0, 0, 0, 2])
        do throws(XDRReader.Problem) {
            _ = try reader.boolean()
            Issue.record("taken")
        } catch {
            #expect(error == .outOfRange)
        }
    }

    @Test func `messages come out as they were put together, however they arrive`() throws {
        let messages = (0..<5).map { number in
            LibvirtHeader(procedure: Int32(number), kind: .call, serial: UInt32(number)).message([UInt8](repeating: 7, count: number * 4))
        }
        for step in [1, 3, 28, 1000] {
            var framing = LibvirtFraming()
            var taken: [[UInt8]] = []
            let all = messages.flatMap { $0 }
            for start in stride(from: 0, to: all.count, by: step) {
                framing.append(all[start..<min(all.count, start + step)])
                while let message = try framing.next() { taken.append(Array(message)) }
            }
            #expect(taken == messages.map { Array($0.dropFirst(4)) })
            #expect(framing.count == 0)
        }
    }

    @Test(arguments: [0, 27, (16 << 20) + 1, .max] as [UInt32]) func `a length that no message has ends it`(length: UInt32) {
        var writer = XDRWriter()
        writer.unsignedInteger(length)
        var framing = LibvirtFraming()
        framing.append(writer.bytes)
        do throws(LibvirtFraming.BadLength) {
            _ = try framing.next()
            Issue.record("taken")
        } catch {
            #expect(error.length == length)
        }
    }
}
