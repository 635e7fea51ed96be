// The message contains: type Reads

use scopegate_http::*;

struct Language;

impl input::Input for Language {
    fn read(_: &mut input::RequestParts<'_>) -> Result<Self, input::InputError> {
        Ok(Self)
    }

    fn describe(_: &mut answer::OperationDescription) {}
}

fn main() {}
