//! A call as Opus in an Ogg file (RFC 7845): two tracks, each coded by itself.
//!
//! Promises: caller left, agent right, and nothing of the one in the other, for they share no stream; a page is written
//! every second, so a killed process leaves a file that plays; a finished file is as long as the call, to the sample.
//! Never: holds more than a page.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use audiopus::coder::Encoder;
use audiopus::{Application, Bitrate, Channels, SampleRate};
use ogg::{PacketWriteEndInfo, PacketWriter};

use crate::core::base::LINE_RATE_HZ;

/// Samples of one packet: 60 ms, the longest frame that is one piece, and the cheapest.
const FRAME: usize = 480;
/// Packets of one page: a second, what a kill may cost.
const PAGE_FRAMES: u32 = 17;
/// Per track, in bits a second: telephone speech is not told from the original; pauses take a tenth.
const BITRATE: i32 = 16_000;
/// The encoder's least effort. More costs up to three times the processor and gains 0.3 dB at this rate.
const COMPLEXITY: u8 = 0;
/// More than 60 ms of speech ever take (120 bytes on average).
const PACKET_MAX: usize = 600;
/// Positions in Ogg count at 48 kHz, whatever the rate of the sound.
const TICKS: u64 = 48_000 / LINE_RATE_HZ as u64;

/// A file being written.
pub(super) struct OpusFile {
    pages: PacketWriter<'static, BufWriter<File>>,
    serial: u32,
    encoders: [Encoder; 2],
    /// What is not coded yet, less than a frame of each track.
    frame: [Vec<i16>; 2],
    /// Samples a decoder gives before the first of ours.
    lookahead: u64,
    /// Samples of each track so far: given, and in packets.
    given: u64,
    coded: u64,
    /// Packets since the last page.
    packets: u32,
}

impl OpusFile {
    /// Begins a file that plays nothing yet; one that exists is replaced.
    pub(super) fn create(path: &Path) -> io::Result<OpusFile> {
        let encoders = [encoder()?, encoder()?];
        let lookahead = u64::from(encoders[0].lookahead().map_err(coder)?);
        let mut file = OpusFile {
            pages: PacketWriter::new(BufWriter::new(File::create(path)?)),
            serial: uuid::Uuid::new_v4().as_fields().0,
            encoders,
            frame: [Vec::with_capacity(FRAME), Vec::with_capacity(FRAME)],
            lookahead,
            given: 0,
            coded: 0,
            packets: 0,
        };
        file.page(head(lookahead * TICKS))?;
        file.page(tags())?;
        Ok(file)
    }

    /// One sample of each track.
    pub(super) fn write(&mut self, both: [i16; 2]) -> io::Result<()> {
        self.frame.iter_mut().zip(both).for_each(|(track, sample)| track.push(sample));
        self.given += 1;
        if self.frame[0].len() < FRAME {
            return Ok(());
        }
        let position = (self.coded + FRAME as u64) * TICKS;
        let ends = self.packets + 1 == PAGE_FRAMES;
        self.encode(
            if ends { PacketWriteEndInfo::EndPage } else { PacketWriteEndInfo::NormalPacket },
            position,
        )
    }

    /// Codes what is left and closes the stream.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let all = self.given + self.lookahead;
        // At least one more: what was given last is still in the encoder.
        while self.coded < all {
            self.frame.iter_mut().for_each(|track| track.resize(FRAME, 0));
            let rest = self.coded + FRAME as u64 >= all;
            let (end, position) = if rest {
                (PacketWriteEndInfo::EndStream, all)
            } else {
                (PacketWriteEndInfo::NormalPacket, self.coded + FRAME as u64)
            };
            self.encode(end, position * TICKS)?;
        }
        self.pages.inner_mut().flush()
    }

    /// Codes one frame of both tracks as one packet. `position` is where it ends.
    fn encode(&mut self, end: PacketWriteEndInfo, position: u64) -> io::Result<()> {
        let mut packet = Vec::with_capacity(PACKET_MAX);
        let mut coded = [0; PACKET_MAX];
        for (n, (encoder, track)) in self.encoders.iter().zip(&mut self.frame).enumerate() {
            let length = encoder.encode(track, &mut coded).map_err(coder)?;
            track.clear();
            // All streams of a packet but the last say how long they are.
            if n == 0 { delimited(&coded[..length], &mut packet)? } else { packet.extend(&coded[..length]) }
        }
        self.coded += FRAME as u64;
        self.packets += 1;
        self.pages.write_packet(packet, self.serial, end, position)?;
        if end != PacketWriteEndInfo::NormalPacket {
            self.packets = 0;
            self.pages.inner_mut().flush()?;
        }
        Ok(())
    }

    /// A header, on a page of its own.
    fn page(&mut self, header: Vec<u8>) -> io::Result<()> {
        self.pages.write_packet(header, self.serial, PacketWriteEndInfo::EndPage, 0)?;
        self.pages.inner_mut().flush()
    }
}

fn encoder() -> io::Result<Encoder> {
    let make = || {
        let mut encoder = Encoder::new(SampleRate::Hz8000, Channels::Mono, Application::Voip)?;
        encoder.set_bitrate(Bitrate::BitsPerSecond(BITRATE))?;
        encoder.set_complexity(COMPLEXITY)?;
        Ok(encoder)
    };
    make().map_err(coder)
}

fn coder(error: audiopus::Error) -> io::Error {
    io::Error::other(format!("the Opus encoder failed: {error}"))
}

/// `OpusHead`: two channels in mapping family 1, as two streams of one channel each. Coupled as stereo they would be
/// predicted from one another, and heard in one another.
fn head(pre_skip: u64) -> Vec<u8> {
    let mut head = b"OpusHead\x01\x02".to_vec();
    head.extend(u16::try_from(pre_skip).unwrap_or(u16::MAX).to_le_bytes());
    head.extend(LINE_RATE_HZ.to_le_bytes());
    let (gain, family, streams, coupled) = ([0, 0], 1, 2, 0);
    head.extend(gain);
    head.extend([family, streams, coupled, 0, 1]);
    head
}

/// `OpusTags`: who wrote it, and no comments.
fn tags() -> Vec<u8> {
    const VENDOR: &[u8; 10] = b"centralita";
    let mut tags = b"OpusTags".to_vec();
    tags.extend((VENDOR.len() as u32).to_le_bytes());
    tags.extend(VENDOR);
    tags.extend(0_u32.to_le_bytes());
    tags
}

/// A packet of one frame with its length in it (RFC 6716, appendix B).
fn delimited(packet: &[u8], to: &mut Vec<u8>) -> io::Result<()> {
    const ONE_BYTE_MAX: usize = 251;
    let Some((kind, frame)) = packet.split_first().filter(|(kind, _)| **kind & 3 == 0) else {
        return Err(io::Error::other("the Opus encoder gave more than one frame"));
    };
    to.push(*kind);
    if frame.len() <= ONE_BYTE_MAX {
        to.push(frame.len() as u8);
    } else {
        let first = 252 + (frame.len() & 3);
        to.extend([first as u8, ((frame.len() - first) / 4) as u8]);
    }
    to.extend(frame);
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use audiopus::coder::Decoder;
    use ogg::PacketReader;

    use super::*;

    /// What a player makes of a file: both tracks at the line's rate, and whether the stream was closed. Every page is
    /// held against its checksum.
    pub(in crate::media) fn played(path: &Path) -> ([Vec<i16>; 2], bool) {
        let mut packets = PacketReader::new(File::open(path).expect("it was made by this test"));
        let head = packets.read_packet_expected().expect("the first page is whole").data;
        assert_eq!(
            (&head[..10], &head[12..]),
            (&b"OpusHead\x01\x02"[..], &b"\x40\x1f\0\0\0\0\x01\x02\0\0\x01"[..])
        );
        let skip = usize::from(u16::from_le_bytes([head[10], head[11]])) / TICKS as usize;
        let tags = packets.read_packet_expected().expect("the second page is whole").data;
        assert!(tags.starts_with(b"OpusTags"));
        let decoder =
            || Decoder::new(SampleRate::Hz8000, Channels::Mono).expect("the library makes decoders");
        let mut tracks = [(decoder(), Vec::new()), (decoder(), Vec::new())];
        let mut end = 0;
        let mut closed = false;
        while let Ok(Some(packet)) = packets.read_packet() {
            let (one, other) = split(&packet.data);
            for ((decoder, track), coded) in tracks.iter_mut().zip([one, other]) {
                let mut sound = [0; FRAME];
                let packet = (&coded).try_into().expect("no stream is empty");
                let signal = (&mut sound[..]).try_into().expect("there is room");
                assert_eq!(decoder.decode(Some(packet), signal, false), Ok(FRAME));
                track.extend(sound);
            }
            closed = packet.last_in_stream();
            if packet.last_in_page() {
                let position = packet.absgp_page() / TICKS;
                assert!(
                    closed || position == tracks[0].1.len() as u64,
                    "a page ends where its last packet does"
                );
                end = usize::try_from(position).expect("it is short");
            }
        }
        (tracks.map(|(_, track)| track.get(skip..end).unwrap_or_default().to_vec()), closed)
    }

    /// A packet into its two streams.
    fn split(packet: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let (length, from) = match usize::from(packet[1]) {
            short @ 0..252 => (short, 2),
            long => (long + 4 * usize::from(packet[2]), 3),
        };
        let first = [&packet[..1], &packet[from..from + length]].concat();
        (first, packet[from + length..].to_vec())
    }

    fn path(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("centralita-{name}-{}.opus", uuid::Uuid::new_v4()))
    }

    /// A tone a telephone carries well.
    fn tone(at: usize, hz: usize) -> i16 {
        let turns = (at * hz) as f64 / f64::from(LINE_RATE_HZ);
        ((turns * std::f64::consts::TAU).sin() * 8_000.0) as i16
    }

    fn energy(sound: &[i16]) -> f64 {
        sound.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / sound.len().max(1) as f64
    }

    #[test]
    fn each_track_comes_back_at_its_place_and_on_its_side_alone() {
        let path = path("sides");
        let mut file = OpusFile::create(&path).expect("a temporary folder can be written");
        for at in 0..24_000 {
            let caller = if (4_000..12_000).contains(&at) { tone(at, 440) } else { 0 };
            let agent = if (16_000..20_000).contains(&at) { tone(at, 700) } else { 0 };
            file.write([caller, agent]).expect("the disk takes it");
        }
        file.finish().expect("the disk takes it");
        let ([caller, agent], closed) = played(&path);
        assert!(
            closed && caller.len() == 24_000 && agent.len() == 24_000,
            "{} {}",
            caller.len(),
            agent.len()
        );
        assert!(energy(&caller[4_400..11_600]) > 1e7 && energy(&agent[16_400..19_600]) > 1e7);
        // To within 5 ms of where it was.
        assert!(energy(&caller[..3_960]) < 100.0 && energy(&agent[..15_960]) < 100.0);
        assert!(energy(&caller[13_000..]) < 100.0 && energy(&agent[21_000..]) < 100.0);
        std::fs::remove_file(path).expect("it was made by this test");
    }

    #[test]
    fn a_finished_file_is_as_long_as_the_call_to_the_sample() {
        for length in [0, 1, 427, 428, 429, 479, 480, 481, 8_160, 8_161, 20_000] {
            let path = path("length");
            let mut file = OpusFile::create(&path).expect("a temporary folder can be written");
            (0..length).try_for_each(|at| file.write([tone(at, 440); 2])).expect("the disk takes it");
            file.finish().expect("the disk takes it");
            let ([caller, agent], closed) = played(&path);
            assert_eq!((caller.len(), agent.len(), closed), (length, length, true));
            std::fs::remove_file(path).expect("it was made by this test");
        }
    }

    #[test]
    fn a_killed_process_leaves_a_file_that_plays_to_within_a_page() {
        let path = path("killed");
        let mut file = OpusFile::create(&path).expect("a temporary folder can be written");
        assert_eq!(played(&path), ([Vec::new(), Vec::new()], false), "before the first sample too");
        (0..80_000).try_for_each(|at| file.write([tone(at, 440), 0])).expect("the disk takes it");
        // A kill runs no destructor.
        std::mem::forget(file);
        let ([caller, _], closed) = played(&path);
        let page = PAGE_FRAMES as usize * FRAME;
        assert!(!closed && (80_000 - page - FRAME..=80_000).contains(&caller.len()), "{}", caller.len());
        std::fs::remove_file(path).expect("it was made by this test");
    }

    #[test]
    fn a_frame_of_any_length_is_found_again_behind_its_length() {
        for length in 0..PACKET_MAX {
            let packet: Vec<u8> = [8].into_iter().chain((0..length).map(|n| n as u8)).collect();
            let mut both = Vec::new();
            delimited(&packet, &mut both).expect("it is one frame");
            both.extend([8, 1, 2]);
            assert_eq!(split(&both), (packet, vec![8, 1, 2]), "{length}");
        }
        assert!(delimited(&[9, 0], &mut Vec::new()).is_err() && delimited(&[], &mut Vec::new()).is_err());
    }
}
