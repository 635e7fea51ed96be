//! The raw cost of the cryptography of one request: ring's ES256, without a token around it.
//!
//! Obeys the lines of standard input. `sign COUNT` and `verify COUNT` do this number of operations
//! and print the microseconds of CPU of one. The message is as long as that of an access token.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a yardstick ends where it cannot go on"
)]

use std::hint::black_box;
use std::io;

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use rustix::time::{ClockId, clock_gettime};

/// The bytes of header and claims of an access token.
const MESSAGE: usize = 360;

/// The CPU time of this thread in microseconds.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u32::try_from(time.tv_sec).unwrap();
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap();
    f64::from(seconds).mul_add(1e6, f64::from(nanoseconds) / 1e3)
}

fn main() {
    let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
    let message = [b'a'; MESSAGE];
    let signature = pair.sign(&random, &message).unwrap();
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref().to_vec());
    for order in io::stdin().lines() {
        let order = order.unwrap();
        let (operation, count) = order.split_once(' ').unwrap();
        let count: u32 = count.parse().unwrap();
        let begin = cpu();
        for _ in 0..count {
            match operation {
                "sign" => drop(black_box(pair.sign(&random, black_box(&message)).unwrap())),
                "verify" => public.verify(black_box(&message), signature.as_ref()).unwrap(),
                _ => panic!("sign COUNT or verify COUNT"),
            }
        }
        println!("{}", (cpu() - begin) / f64::from(count));
    }
}
