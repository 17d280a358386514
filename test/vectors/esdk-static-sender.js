// Messages sealed by the KMS ECDH keyring with a static sender (KmsPrivateKeyToStaticPublicKey)
// of aws-encryption-sdk 4.0.7 with aws-cryptographic-material-providers 1.11.3 (Python), suite 0x0478,
// each opened again by it. Written by make/esdk-static-sender.mjs, and frozen since. Test keys
// only: they were made for these vectors. Messages are base64. Count: 6.
export const keys = {
  "P-256": {
    "arn": "arn:aws:kms:us-east-1:111122223333:key/0cfa1ac9-6302-4e69-964b-a11fbc843523",
    "jwk": {
      "kty": "EC",
      "x": "CUVUmfWKoI23WgUTPgtPGJFI1bsgguEhRDsPHu9NRzI",
      "y": "cmBVjniJSbXCNNTNj5qimad830FuovIDoBUOpzvCzqE",
      "crv": "P-256",
      "d": "Gl3NDypvIx1i4QhuIyhy9HMxpDAPGNIZ4xhDAWAefsA"
    }
  },
  "P-384": {
    "arn": "arn:aws:kms:us-east-1:111122223333:key/dd75f6dc-6826-4cac-8818-d72d2aff905e",
    "jwk": {
      "kty": "EC",
      "x": "bhlCgfPJ78JdyV4RSHcBvubwJIeCOkDR2KKwK4Ys3-xEaZjMVO0qPR9PdtBFPV5z",
      "y": "EyY2mWsyDcItedKkwHudM4cbzFCEsHGzXKZ8b4k6XlHk0NWxkbEAnRABtUVLbWKw",
      "crv": "P-384",
      "d": "N9cEgI61U7fCTuOe19mHBs-HRBTGOwE7oXEkLixRcLXZPJ2r8DhAOkKZWFt4m2-o"
    }
  },
  "P-521": {
    "arn": "arn:aws:kms:us-east-1:111122223333:key/ced81b77-1b9f-4a6d-95a1-2234bb565a0d",
    "jwk": {
      "kty": "EC",
      "x": "AKJ-xOsX8YF8sv6I1DEvNeH-2vjBFr3F8xwu3hKMrW1vcXHQpOJpHjXSTC2JnhqAzzc7HCyv__dLAMp8xMvbGWp3",
      "y": "AVmvbEKqKO-0mPvGg4fNQw_dT8UiGzYMIYJf16eNKRU_XhsaUNRy7aRUfymTyFWe2gpyrKFpWGWTlWL07guowlw-",
      "crv": "P-521",
      "d": "Af92RotF8nGpRVZLPMzcMnXVR2Rq2s0LAxGvnu7Ni6Vj86kO1OvlfQRRa1Gm8iN2V7oDu0BsT7YzP5aCs1hKOXV5"
    }
  }
}
export const messages = [
  {"key":"P-256","context":{},"plaintext":"to a key on P-256, 0","message":"AgR4Zqa8QCU/6q3TMU+KRHlXOaVfkL2HDzrWTt1RZaKN0H8AAAABAAxhd3Mta21zLWVjZGgASwEAAAAhAwlFVJn1iqCNt1oFEz4LTxiRSNW7IILhIUQ7Dx7vTUcyAAAAIQIYySFuxNiyRofZdhZ/4aEiA0pwNCv7CbQ09Vcbya0UTABwXqQLe075alUQau9BwgCm7i/WqBKNfDPx0azlwWtVwE9KxN+Bs9u4yzX9NX0qS702FvshDhKf4Tx3UQZH2sVBM2bp6mgx5Wtns9tPmdQ/9mIlBAYBSI1R0kMCA3YgOvtL/FT/flnmp6FLtYmZt2jpjwIAAACAdROEG5FBlu86s9w+GmT0oyf7q7Ir2ENRMKMDSsmaf2CwdQEYmdGJ1T5OBd5fkW19/////wAAAAEAAAAAAAAAAAAAAAEAAAAUGQGxFHOWUDnwns0AaT81mAe1YCFbZeVnF9qDbA3RMqlV/X8y"},
  {"key":"P-256","context":{"form":"claim","😀":"smile","～":"tilde"},"plaintext":"to a key on P-256, 1","message":"AgR4vddPGf9PDN1URodVRaQZNChSlte7SFmBai6claAGu1AAKAADAARmb3JtAAVjbGFpbQAD772eAAV0aWxkZQAE8J+YgAAFc21pbGUAAQAMYXdzLWttcy1lY2RoAEsBAAAAIQMJRVSZ9YqgjbdaBRM+C08YkUjVuyCC4SFEOw8e701HMgAAACECGMkhbsTYskaH2XYWf+GhIgNKcDQr+wm0NPVXG8mtFEwAcOPEYrMfZUksryu0/n1RRnjRxGnQYjjpM+9aiaUXpf5IJG/dHxazJfavxonMWBK1uUPrjEISLuj3cmWptQ9Q7HNPhNJP3B9NqMXH6sBQh01Sc9ZqZDSa9qlHXC40W9qwrDZARbEycKoCKXHM6lF/1E0CAAAAgCde8JK6BPJnb6DIkE/2LZ/4s1PGlzjqzr+8p7ounhPd6CbRf3hqsySMv40/GoAh3f////8AAAABAAAAAAAAAAAAAAABAAAAFK6rDunUPTQJr+9eB1J6ZMTFNNbA5Q3P/gLM02e26h5YQ3hixA=="},
  {"key":"P-384","context":{},"plaintext":"to a key on P-384, 0","message":"AgR4ykZ88IAhA6M+2kJ/X6G3ueKQYnIAEr4XmPJpPoLawd4AAAABAAxhd3Mta21zLWVjZGgAawEAAAAxAm4ZQoHzye/CXcleEUh3Ab7m8CSHgjpA0diisCuGLN/sRGmYzFTtKj0fT3bQRT1ecwAAADECIRk6SUme3l+z8PwU6Jt0apyXNcEzJdNxtN3ux7Qh04LdUeEoR9aIymnVtoxr8x7EAHBC70Eqw8L44/ryKg58P0VLtueoHGkdl31eUsX3+76l9b7unBfvjbTcdpihuoCMYaeF0fdeLt9kvzeoxQOBzAqPR496CFPoxJWp3yb+jyjbDAeW6pEbYbjp2uRhijVeZQIJBJBRbNYa5+EcJ8pHLJ/NAgAAAIDHSH3jSIVFeAOY9Wjs99+d2ZXwcOUf9HK9ZrJ25B5ETmX/1O7QjGWjvedM+OML51H/////AAAAAQAAAAAAAAAAAAAAAQAAABQ008uZGhNDWdWpXK5Nc6kMPn6Pth6M2OBdo9vRM/ni1zTClmE="},
  {"key":"P-384","context":{"form":"claim","😀":"smile","～":"tilde"},"plaintext":"to a key on P-384, 1","message":"AgR4atyGQKptN7KNfOW5LhZtdkB2DFFBVxp7RV10H2sDC4MAKAADAARmb3JtAAVjbGFpbQAD772eAAV0aWxkZQAE8J+YgAAFc21pbGUAAQAMYXdzLWttcy1lY2RoAGsBAAAAMQJuGUKB88nvwl3JXhFIdwG+5vAkh4I6QNHYorArhizf7ERpmMxU7So9H0920EU9XnMAAAAxAiEZOklJnt5fs/D8FOibdGqclzXBMyXTcbTd7se0IdOC3VHhKEfWiMpp1baMa/MexABw8BqRppFx4IuW04ZHJT3QUbqH85W2GJEBKPeVE1k7vIcTtQfLZVhms4OvFYLodCTLjHKkgQ9+VcKbfwQwPY8wi+tukwXhV5BgvK418iy2pN/vcS9XUznoXS0c2SVKiCTah5NgvTCq3Bgdp7QqLjtffwIAAACAhIq5OnZYgnCdLpG12Hx/P97dczn13or+HMlEF9eDbifInTQNwoeXZLbK7T5qOx+9/////wAAAAEAAAAAAAAAAAAAAAEAAAAUmpWaBD/l8HszIdP+A3lyMlqsqUND6AvCFqQr5vi/nZdbrg2r"},
  {"key":"P-521","context":{},"plaintext":"to a key on P-521, 0","message":"AgR4thvSHU5GCVO/1Zry2XFTjI+NGo/QJzzhLYKmeMZe8uEAAAABAAxhd3Mta21zLWVjZGgAjwEAAABDAgCifsTrF/GBfLL+iNQxLzXh/tr4wRa9xfMcLt4SjK1tb3Fx0KTiaR410kwtiZ4agM83Oxwsr//3SwDKfMTL2xlqdwAAAEMDAZ0tsmdP/Z99nHoi6+LX+Hxhul+w4c6zVx/ar4iPB49WaJpDsaWUTAUHd8wZbBpcv2xTHPX9BAVgkzuGl2F1HFEsAHDt63GJK5yqV7He8HgqGNVU22P0QCamn9wbwKmX1vsAT+IUL6/MmBQadKycTKCo+q02zbfZMo25Os4nw5+Rg4j+3UA7WBkml9hCCECkagxiF0haMK3nYUOGbOE6z+6crs8OlE0EGdAXw4SxokXmmZZ1AgAAAICmIM/Zv3goJNQosVa5pEYXpm12jfwcysvFk1sDzTjFQs1E2I1zaS+HdnuOAglBqqn/////AAAAAQAAAAAAAAAAAAAAAQAAABQfkqAXx8a/3MFa2BZdqpvc+WJiAQPUdS5jIcWqyIOnbqewTwY="},
  {"key":"P-521","context":{"form":"claim","😀":"smile","～":"tilde"},"plaintext":"to a key on P-521, 1","message":"AgR4O+WIDijnYxGVlrHIl4WadFKhEsXeo/EYJO5XtVIA7PMAKAADAARmb3JtAAVjbGFpbQAD772eAAV0aWxkZQAE8J+YgAAFc21pbGUAAQAMYXdzLWttcy1lY2RoAI8BAAAAQwIAon7E6xfxgXyy/ojUMS814f7a+MEWvcXzHC7eEoytbW9xcdCk4mkeNdJMLYmeGoDPNzscLK//90sAynzEy9sZancAAABDAwGdLbJnT/2ffZx6Iuvi1/h8YbpfsOHOs1cf2q+IjwePVmiaQ7GllEwFB3fMGWwaXL9sUxz1/QQFYJM7hpdhdRxRLABwgGzRnVLRzDyH1yAdqNDsTCw9GNdkD4SoforKURm3ONw5HWwJY2X/cU7scdnuKHb4rC3yd0TfVpCvGJBxJyQZ7DQT5eHdRZsniOMwId/c+Z9rt77kJaXVSooOsb3ILA2pGs+vYNaqeMtD1UrnLqUZKAIAAACAX+z93PRlxJyLjm4tCc3fDnOgjDJBjTFUMX68oQ0Sp2ymKnvsUAk7F/+li/Kp2XF6/////wAAAAEAAAAAAAAAAAAAAAEAAAAUy8Q9I5Ksb7PuIklkPLL5R0lw1R1+C4cs944GBKLmNphklXHA"},
]
