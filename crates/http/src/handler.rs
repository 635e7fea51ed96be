//! The functions that handle an operation.

/// A function or closure that handles an operation. It takes `Args`, and returns a future of an
/// [`Answer`](crate::answer::Answer).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a function that handles an operation",
    label = "not an async function",
    note = "it is an async function or a closure that returns a future, with at most twelve arguments",
    note = "it is `Send + Sync + 'static`; the arguments of a closure need their types written down",
    note = "for more values, put several into one structure: `Path<T>`, `Query<T>`, `Json<T>`"
)]
pub trait Handler<Args>: Send + Sync + 'static {
    /// The type of the handler's response.
    type Answer;
    /// The future of the answer.
    type Future: Future<Output = Self::Answer>;

    /// Calls the function.
    fn call(&self, arguments: Args) -> Self::Future;
}

macro_rules! handler {
    ($($argument:ident $name:ident)*) => {
        impl<Function, Fut, $($argument),*> Handler<($($argument,)*)> for Function
        where
            Function: Fn($($argument),*) -> Fut + Send + Sync + 'static,
            Fut: Future,
        {
            type Answer = Fut::Output;
            type Future = Fut;

            fn call(&self, ($($name,)*): ($($argument,)*)) -> Fut {
                self($($name),*)
            }
        }
    };
}

handler!();
handler!(A a);
handler!(A a B b);
handler!(A a B b C c);
handler!(A a B b C c D d);
handler!(A a B b C c D d E e);
handler!(A a B b C c D d E e F f);
handler!(A a B b C c D d E e F f G g);
handler!(A a B b C c D d E e F f G g H h);
handler!(A a B b C c D d E e F f G g H h I i);
handler!(A a B b C c D d E e F f G g H h I i J j);
handler!(A a B b C c D d E e F f G g H h I i J j K k);
handler!(A a B b C c D d E e F f G g H h I i J j K k L l);
